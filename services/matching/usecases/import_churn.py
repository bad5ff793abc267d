"""Import a bank's churn curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.core.ids import new_id
from services.matching.domain.churn import ObservedCurve, fitted
from services.matching.domain.errors import ChurnCurvesMissing
from services.matching.tables import ChurnCurves


def import_churn(session: Session, caller: Caller, curves: Sequence[ObservedCurve]) -> ChurnCurves:
    """Keep the curves; they count from now on, for this bank alone. Raises ChurnCurveInvalid."""
    fitted(curves)
    row = ChurnCurves(
        id=new_id("chc"),
        client=caller.client,
        document={"curves": [asdict(curve) for curve in curves]},
        created_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    return row


def newest(session: Session, client: str) -> ChurnCurves:
    """Return a bank's newest curves; raise ChurnCurvesMissing where it has none."""
    query = select(ChurnCurves).where(ChurnCurves.client == client).order_by(ChurnCurves.id.desc()).limit(1)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise ChurnCurvesMissing(
            "How many customers a rate loses is not known yet; import your curves by POST /v1/churn-curves first."
        )
    return row
