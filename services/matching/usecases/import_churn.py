"""Take in a bank's churn curves, and read them back with what the monotone fit made of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.core.ids import new_id
from services.matching.domain.churn import ChurnCurve, fit
from services.matching.domain.errors import ChurnCurveInvalid, ChurnCurvesMissing
from services.matching.tables import ChurnCurves


def import_churn(session: Session, caller: Caller, document: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the curves; they count from now on, for this bank alone. Raises ChurnCurveInvalid."""
    fitted(document)
    row = ChurnCurves(id=new_id("chc"), client=caller.client, document=dict(document), created_at=datetime.now(UTC))
    session.add(row)
    session.flush()
    return shown(row)


def newest(session: Session, client: str) -> ChurnCurves:
    """Return a bank's newest curves; raise ChurnCurvesMissing where it has none."""
    query = select(ChurnCurves).where(ChurnCurves.client == client).order_by(ChurnCurves.id.desc()).limit(1)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise ChurnCurvesMissing(
            "How many customers a rate loses is not known yet; import your curves by POST /v1/churn-curves first."
        )
    return row


def fitted(document: Mapping[str, Any]) -> dict[str, ChurnCurve]:
    """Return the monotone curve of each grade."""
    curves: dict[str, ChurnCurve] = {}
    for curve in document["curves"]:
        made = fit([(Decimal(str(point["rate"])), point["churn"]) for point in curve["points"]])
        for grade in curve["grades"]:
            if grade in curves:
                raise ChurnCurveInvalid(f"Grade {grade} stands in two curves; give it one.", grade=grade)
            curves[grade] = made
    return curves


def shown(row: ChurnCurves) -> dict[str, Any]:
    """The curves as they came, with the fitted share at each rate and the rate that earns most before any cost."""
    curves = fitted(row.document)
    return {
        "id": row.id,
        "created_at": row.created_at.isoformat(),
        "curves": [_curve(curve, curves[curve["grades"][0]]) for curve in row.document["curves"]],
    }


def _curve(document: Mapping[str, Any], made: ChurnCurve) -> dict[str, Any]:
    best = made.best(Decimal(0), Decimal(1))
    given = {Decimal(str(point["rate"])): point["churn"] for point in document["points"]}
    return {
        "grades": document["grades"],
        "points": [
            {"rate": float(rate), "churn": given[rate], "fitted": churn}
            for rate, churn in zip(made.rates, made.churn, strict=True)
        ],
        "best_rate": float(best[0]) if best else None,
    }
