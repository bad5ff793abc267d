"""What all plans have in common: they are ordered, made in a job, and read while their enterprises still consent."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.data import jobs
from services.matching.context import Context
from services.matching.domain.errors import PlanNotFound
from services.matching.tables import Plan
from services.matching.usecases.match_many import withheld_line


def order(
    session: Session, caller: Caller, kind: str, document: Mapping[str, Any], as_of: date | None
) -> dict[str, Any]:
    """Accept the order and its job in one transaction. What is known now is what it will be made from."""
    now = datetime.now(UTC)
    plan_id = new_id("pln")
    job = jobs.enqueue(session, kind, {"plan": plan_id}, caller=caller)
    row = Plan(
        id=plan_id,
        kind=kind,
        client=caller.client,
        job=job,
        document=dict(document),
        as_of=as_of,
        known_at=now,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return _state(session, row)


def keep(context: Context, plan_id: str, answer: Mapping[str, Any]) -> None:
    """Store what was planned."""
    with context.database.begin() as session:
        session.get_one(Plan, plan_id).answer = zlib.compress(orjson.dumps(answer), level=1)


def read(context: Context, caller: Caller, kind: str, plan_id: str) -> dict[str, Any]:
    """Return how far a plan is, and once it is done the plan.

    It tells about enterprises: one whose consent has ended since is withheld, the read of each other is recorded.
    """
    with context.database.read() as session:
        row = session.get(Plan, plan_id)
        if row is None or row.client != caller.client or row.kind != kind:
            raise PlanNotFound(f"There is no {kind} {plan_id} that you may see.", plan=plan_id)
        state = _state(session, row)
        if row.answer is None or state["state"] != "done":
            return {**state, "result": None}
        result = orjson.loads(zlib.decompress(row.answer))
    spoken_of = sorted({line["enterprise"] for line in _lines(result)})
    readable = set(context.profile.readable(spoken_of)) if spoken_of else set()
    return {**state, "result": _withheld(result, readable)}


def listed(session: Session, caller: Caller, kind: str) -> list[dict[str, Any]]:
    """Return the caller's newest plans of a kind, without what they say of enterprises."""
    mine = select(Plan).where(Plan.client == caller.client, Plan.kind == kind)
    return [_state(session, row) for row in session.scalars(mine.order_by(Plan.id.desc()).limit(50))]


def _lines(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    told = [result, *result.get("stress", [])]
    return [line for part in told for key in ("lines", "excluded") for line in part.get(key, [])]


def _withheld(result: dict[str, Any], readable: set[str]) -> dict[str, Any]:
    for part in (result, *result.get("stress", [])):
        for key in ("lines", "excluded"):
            if key in part:
                part[key] = [
                    line if line["enterprise"] in readable else withheld_line(line["enterprise"]) for line in part[key]
                ]
    return result


def _state(session: Session, row: Plan) -> dict[str, Any]:
    job = jobs.state(session, row.job)
    return {
        "id": row.id,
        "state": job.state,
        "progress": {"done": job.done, "total": job.total},
        "problem": job.problem,
        "order": row.document,
        "as_of": row.as_of.isoformat() if row.as_of else None,
        "known_at": row.known_at.isoformat(),
        "created_at": row.created_at.isoformat(),
    }
