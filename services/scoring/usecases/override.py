"""An analyst's own grade beside the model's: with a reason and a note, and never in its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from chassis.core.ids import new_id
from chassis.data import ledger
from services.scoring.domain import scale
from services.scoring.domain.assessment import Assessment
from services.scoring.domain.errors import OverrideChangesNothing
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
    """Write the decision beside a score of the client's own; a later one stands before it, and neither is removed."""
    if decision.grade == assessment.grade:
        raise OverrideChangesNothing(
            f"The model's grade is {assessment.grade} already; give another grade, or leave the score as it is.",
            grade=assessment.grade,
        )
    row = Override(
        id=new_id("ovr"),
        score=assessment.id,
        client=assessment.client,
        model=assessment.model,
        model_grade=assessment.grade,
        grade=decision.grade,
        steps=_rank(assessment.grade) - _rank(decision.grade),
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
