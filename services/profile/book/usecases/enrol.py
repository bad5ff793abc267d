"""Naming enterprises: one by one, or many from a file, without losing what was known before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import reduce
from typing import Any

import polars as pl
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from chassis.core.errors import Conflict
from services.profile.book import (
    departures,
    description_store,
    enterprise_store,
    outcome_store,
    state_store,
    withdrawals,
)
from services.profile.book.context import Context
from services.profile.book.domain.attributes import normalised, sized
from services.profile.book.domain.channel import Channel
from services.profile.book.domain.enterprise import Enterprise, EnterpriseNotFound

# What of a firm is kept apart as others state it.
HEARD = {"established_on": "registered_on", "assets_fen": "heard_assets_fen"}


class SyntheticMixed(Conflict):
    """Synthetic data and real data were about to share one book."""


def enrol(
    context: Context, session: Session, enterprise: str, stated: Mapping[str, Any], channel: str
) -> tuple[Enterprise, bool]:
    """Store what a source says of an enterprise and return it, and whether it is new; what is not said stays.

    By the channel `subject` the enterprise says it of itself.
    """
    claim(session, synthetic=bool(stated.get("synthetic", False)))
    before = enterprise_store.enterprise(session, enterprise)
    said = spoken(stated, channel)
    description_store.say(session, [(enterprise, said)] if said else [], None)
    firm = merged(before, enterprise, said)
    if firm != before:
        _keep(session, {} if before is None else {enterprise: before}, [firm], context.now())
    return firm, before is None


def enrol_all(session: Session, rows: pl.DataFrame, import_id: str, now: datetime, channel: str) -> int:
    """Store the firms of a file, with outcomes that it states, and return how many rows said something new.

    By the channel `subject` they are the firms' own words.
    """
    names = rows["enterprise"].unique().to_list()
    before = enterprise_store.enterprises(session, names)
    firms, seen, accepted = dict(before), set(before), 0
    outcomes = outcome_store.outcome_statements(session, names)
    held_outcomes, repeated = frozenset(outcomes), set[outcome_store.Statement]()
    new_outcomes: list[outcome_store.Statement] = []
    told: list[tuple[str, dict[str, Any]]] = []
    for row in rows.drop("line").iter_rows(named=True):
        name, defaulted = row.pop("enterprise"), row.pop("defaulted", None)
        said = spoken(row, channel)
        firm, outcome = merged(firms.get(name), name, said), (name, defaulted, None)
        told += [(name, said)] if said.keys() - {"synthetic"} else []
        new_outcome = defaulted is not None and outcome not in outcomes
        # A row counts as accepted when it changes what is known; the invoices' own mention of a code is no statement.
        if firm != firms.get(name) or new_outcome or name not in seen:
            accepted += 1
        firms[name] = firm
        seen.add(name)
        if new_outcome:
            outcomes.add(outcome)
            new_outcomes.append(outcome)
        elif outcome in held_outcomes:
            repeated.add(outcome)
    description_store.say(session, told, import_id)
    _keep(session, before, [firm for name, firm in firms.items() if firm != before.get(name)], now)
    withdrawals.note_repeats(session, import_id, outcome_store.imports_saying(session, repeated))
    outcome_store.add_outcomes(session, new_outcomes, import_id, now)
    return accepted


def described_anew(session: Session, enterprises: Collection[str], now: datetime) -> None:
    """Describe firms by all that is said of them still, where an import that said something was taken back."""
    before = enterprise_store.enterprises(session, sorted(enterprises))
    firms = [
        reduce(lambda firm, said: merged(firm, firm.id, said), told, Enterprise(name, synthetic=before[name].synthetic))
        for name, told in description_store.statements(session, before.keys())
    ]
    _keep(session, before, [firm for firm in firms if firm != before[firm.id]], now)


def _keep(session: Session, before: Mapping[str, Enterprise], firms: Sequence[Enterprise], now: datetime) -> None:
    """Store firms as they are now; no answer holds that was computed with another day of registration."""
    enterprise_store.keep_enterprises(session, firms, now)
    moved = {firm.id for firm in firms if firm.id in before and firm.registered_on != before[firm.id].registered_on}
    departures.change_files(session, moved)


def spoken(stated: Mapping[str, Any], channel: str) -> dict[str, Any]:
    """Return what is said of a firm, in the standards' codes.

    Of what others say also the day of its registration, and its assets with who states them: the firm's own word on
    these is kept apart.
    """
    said = normalised({name: value for name, value in stated.items() if value is not None})
    if channel == Channel.SUBJECT:
        return said
    heard = {other: said[name] for name, other in HEARD.items() if name in said}
    return {**said, **heard, **({"assets_by": str(channel)} if "heard_assets_fen" in heard else {})}


def merged(before: Enterprise | None, enterprise: str, said: Mapping[str, Any]) -> Enterprise:
    """Return the firm with what is newly said over what was known, and with its size class."""
    return sized(replace(before or Enterprise(enterprise), **said), said)


def claim(session: Session, *, synthetic: bool) -> None:
    """Let the first data decide whether the book is synthetic; raise `SyntheticMixed` where later data differs."""
    state = state_store.book(session, lock=True)
    if state.synthetic is None:
        state_store.move_book(session, replace(state, synthetic=synthetic))
    elif state.synthetic != synthetic:
        words = ("synthetic", "real") if synthetic else ("real", "synthetic")
        raise SyntheticMixed(
            f"This is {words[0]} data and the book holds {words[1]} data; use another home folder for it. "
            "/ 合成数据与真实数据不可混用，请另用数据目录。",
            book_synthetic=state.synthetic,
        )


def known(connection: Connection, enterprise: str) -> Enterprise:
    """Return the enterprise; raise `EnterpriseNotFound` where the book has none such."""
    found = enterprise_store.enterprise(connection, enterprise)
    if found is None:
        raise not_in_the_book()
    return found


def not_in_the_book() -> EnterpriseNotFound:
    """Return the refusal where the book has no such enterprise."""
    return EnterpriseNotFound(
        "No such enterprise is in the book; import its data first. / 账册中没有该企业，请先导入其数据。"
    )
