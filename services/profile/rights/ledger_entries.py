"""Entries of the ledger about enterprises' files."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from chassis.data import ledger
from chassis.data.database import Runner


def enter(
    session: Runner,
    kind: str,
    enterprise: str | None,
    actor: str | None,
    facts: Mapping[str, Any],
    sealed: Mapping[str, str | None] = MappingProxyType({}),
    *,
    grantee: str | None = None,
) -> int:
    """Enter in the ledger what happened to an enterprise's file (None: to none alone), in the transaction of the act.

    `facts` are public for ever: ids and codes only. A digest that others could compute belongs into `sealed`. Returns
    the number of the entry.
    """
    (number,) = ledger.append(session, [ledger.Entry(kind, enterprise, actor, facts, sealed, grantee)])
    return number
