"""Stating a book of exposures: what a client lent to whom, and from which rise of its loss on it wants to know."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import orjson
from sqlalchemy.orm import Session

from chassis.core.errors import Outdated
from chassis.core.identity import Caller
from chassis.data import jobs, ledger
from services.profile.book import state_store
from services.profile.book.context import Context
from services.profile.graph.domain.contagion.book import Exposure
from services.profile.watch import exposure_store, tables

KIND = "exposures-stated"


def state_exposures(
    context: Context,
    session: Session,
    caller: Caller,
    stated: Sequence[Exposure],
    threshold_fen: int,
    expected: int | None = None,
) -> tables.ExposureBook:
    """Put a client's book in the place of the one before, and have it looked at; the same again changes nothing.

    The ledger holds that it was stated, and a sealed digest: neither firms nor figures. Raises `Outdated` where
    `expected` is not the version that stands (0: there is none).
    """
    state_store.book(session, lock=True)  # two who state the first one at once take turns
    before = exposure_store.book(session, caller.client)
    version = before.version if before else 0
    if expected is not None and expected != version:
        raise Outdated(
            f"You meant version {expected} of your exposures, the newest is {version}; read them again. "
            "/ 敞口已被更新，请重新读取。"
        )
    held = exposure_store.exposures(session, caller.client)
    if before and before.threshold_fen == threshold_fen and held == {each.enterprise: each for each in stated}:
        return before
    row = tables.ExposureBook(
        client=caller.client, version=version + 1, threshold_fen=threshold_fen, stated_at=context.now()
    )
    exposure_store.replace(session, row, stated)
    sealed = {"book": _digest(stated, threshold_fen)}
    ledger.append(session, [ledger.Entry(KIND, None, caller.client, {"version": row.version}, sealed)])
    jobs.enqueue(session, exposure_store.JOB, {"clients": [caller.client]})
    return row


def _digest(stated: Sequence[Exposure], threshold_fen: int) -> str:
    rows = sorted([each.enterprise, each.exposure_fen, each.lgd, each.pd] for each in stated)
    return hashlib.sha256(orjson.dumps([threshold_fen, rows])).hexdigest()
