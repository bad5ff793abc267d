"""What of the gateway's rows goes under which policy of `retention.toml`.

Access tokens are nowhere kept: they end by themselves after five minutes. Keys that have ended stay without their
text, since entries of the ledgers and consents name their clients.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_

from chassis.core.retention import Declared, declared
from chassis.data.removal import Removal, finished_jobs
from gateway.identity.roles import DEFAULT_SCOPES
from gateway.identity.tables import (
    AttemptRow,
    ClientRow,
    FactorEventRow,
    KeySessionRow,
    PersonRow,
    SessionRow,
    StepRow,
    UsedAssertionRow,
)

# Who can sign: whose role lets them give consents.
SIGNING = sorted(role for role, scopes in DEFAULT_SCOPES.items() if "consents:write" in scopes)


def policies() -> Declared:
    """Return what the gateway declares."""
    return declared("gateway.identity")


def removals() -> list[Removal]:
    """Return what goes."""
    sessions = SessionRow.__table__
    signs = exists().where(
        PersonRow.id == SessionRow.person, ClientRow.id == PersonRow.client, ClientRow.role.in_(SIGNING)
    )
    return [
        Removal("signing-sessions", sessions, lambda before: _over(before) & signs),
        Removal("sessions", sessions, lambda before: _over(before) & ~signs),
        Removal("sessions", KeySessionRow.__table__, _key_session_over),
        Removal("sign-in-steps", StepRow.__table__, lambda before: StepRow.expires_at < before),
        Removal("factor-events", FactorEventRow.__table__, lambda before: FactorEventRow.at < before),
        Removal("attempts", AttemptRow.__table__, lambda before: AttemptRow.ends_at < before),
        Removal("used-assertions", UsedAssertionRow.__table__, lambda before: UsedAssertionRow.expires_at < before),
        finished_jobs("gateway-jobs"),
    ]


def _over(before: datetime) -> ColumnElement[bool]:
    return or_(SessionRow.ended_at < before, SessionRow.expires_at < before)


def _key_session_over(before: datetime) -> ColumnElement[bool]:
    return or_(KeySessionRow.ended_at < before, KeySessionRow.expires_at < before)
