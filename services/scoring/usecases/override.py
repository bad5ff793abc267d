"""An analyst's own grade beside the model's: with a reason and a note, and never in its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from chassis.core.ids import new_id
from chassis.data import ledger
from services.scoring.domain import scale
from services.scoring.domain.assessment import Assessment
from services.scoring.domain.errors import OverrideAboveCap, OverrideChangesNothing
from services.scoring.domain.overlay import cap_of
from services.scoring.tables import Override

# Why an analyst may know better; the share of each is what a reviewer of the model looks at first.
GRADES = (*(grade.name for grade in scale.MASTER_SCALE), scale.IN_DEFAULT)
REASONS = ("information-not-in-model", "data-error", "group-support", "collateral", "early-warning", "policy", "other")


@dataclass(frozen=True, slots=True)
class Decision:
    """The grade that an analyst gives, why, and in whose words."""

    grade: str
    reason: str
    note: str


def override(session: Session, assessment: Assessment, decision: Decision) -> Override:
    """Write the decision beside a score of the client's own; a later one stands before it, and neither is removed.

    Raises `OverrideChangesNothing` for the grade that decides already, and `OverrideAboveCap` for one above the cap of
    an expert rule: two change a rule, so one does not lift it.
    """
    decides, cap = assessment.effective.grade, cap_of(assessment.overlay)
    if decision.grade == decides:
        raise OverrideChangesNothing(
            f"The grade is {decides} already; give another grade, or leave the score as it is.", grade=decides
        )
    if cap is not None and _rank(decision.grade) < _rank(cap):
        raise OverrideAboveCap(
            f"An expert rule caps the grade at {cap}; it is changed under /v1/overlay-rules, by two.", cap=cap
        )
    row = Override(
        id=new_id("ovr"),
        score=assessment.id,
        client=assessment.client,
        model=assessment.model,
        model_grade=assessment.grade,
        grade=decision.grade,
        steps=_rank(decides) - _rank(decision.grade),
        reason=decision.reason,
        note=decision.note,
        created_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    facts = {name: getattr(row, name) for name in ("id", "score", "model_grade", "grade", "reason")}
    ledger.append(session, [ledger.Entry("override", assessment.enterprise, row.client, facts)])
    return row


def _rank(grade: str) -> int:
    return GRADES.index(grade)
