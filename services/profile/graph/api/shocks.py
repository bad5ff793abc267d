"""Shocks over HTTP: what would happen to the firms whose files are open, and to the reader's book."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response

from chassis.web.answers import json_answer
from chassis.web.caller import requires
from chassis.web.openapi import Blueprint, refuses
from services.profile.book.api.current import context
from services.profile.book.domain.moment import Asked
from services.profile.graph.api.shock_schemas import ShockAnswerSchema, ShockOrderSchema
from services.profile.graph.domain.contagion.book import Exposure, Interval
from services.profile.graph.domain.contagion.default import Losses, Model
from services.profile.graph.domain.contagion.fixed_point import Reached
from services.profile.graph.domain.contagion.parameters import Parameters
from services.profile.graph.domain.contagion.shock import Hop, Shock
from services.profile.graph.usecases.strike import Answer, Order, Struck, follow_shock
from services.profile.rights.api.reading import PURPOSE, marks, reading
from services.profile.rights.domain.resource import Resource

blueprint = Blueprint("shocks", __name__, url_prefix="/v1/shocks", description="How trouble would travel")
MOST_HIT = 100


@blueprint.post("")
@refuses(blueprint, 413, 422)
@requires("enterprises:read")
@blueprint.arguments(ShockOrderSchema())
@blueprint.response(200, ShockAnswerSchema())
@blueprint.doc(parameters=[PURPOSE])
def post_shock(order: dict[str, Any]) -> Response:
    """Work out what a shock would do, through the files that are open to you and through nothing else.

    Firms of an industry or region are those of open files. A firm whose file is not open is there as its partners name
    it: it can be shocked by name, and in a path it is null. Nothing is stored.
    """
    asked = reading(Resource.SHOCK, order["as_of"])
    said = order["shock"]
    shock = Shock(order["severity"], tuple(said["enterprises"] or ()), said["industry"], said["region"])
    book = {each["enterprise"]: Exposure(**each) for each in order["exposures"]}
    wanted = Order(shock, Model(order["kind"]), book)
    found = follow_shock(context(), asked, wanted, Asked(order["as_of"], order["known_at"]))
    return json_answer(_shown(wanted, found))


def _shown(order: Order, found: Answer) -> dict[str, Any]:
    disputed = marks(found.permit)
    outcome = found.outcome
    return {
        "as_of": found.facts.moment.as_of,
        "known_at": found.facts.known_at,
        "kind": str(order.model),
        "hit": {
            "firms": outcome.hit[:MOST_HIT],
            "left_out": max(len(outcome.hit) - MOST_HIT, 0),
            "severity": order.shock.severity,
        },
        "files": len(found.permit.enterprises),
        "withheld": found.permit.withheld,
        "book": _book(order, found) if order.book else None,
        "esri": outcome.index,
        "enterprises": [
            {**_struck(each), "disputes": disputed.get(each.effect.enterprise, [])} for each in found.firms
        ],
        "left_out": found.left_out,
        "runs": {
            "defaults": run(max(outcome.runs, key=lambda each: each.steps)),
            "downstream": run(outcome.production.downstream),
            "upstream": run(outcome.production.upstream),
        },
        "estimates": estimates(found.network.parameters),
    }


def _book(order: Order, found: Answer) -> dict[str, Any]:
    opened = [each for name, each in order.book.items() if name in found.permit]
    return {
        "exposures": len(opened),
        "without_pd": sum(each.pd is None for each in opened),
        "el_fen": found.el_fen,
        "delta_el_fen": whole(found.delta_el_fen),
    }


def _struck(each: Struck) -> dict[str, Any]:
    effect = each.effect
    return {
        "enterprise": effect.enterprise,
        "shocked": effect.shocked,
        "equity_loss": asdict(effect.equity),
        "delta_pd": asdict(each.change.pd) if each.change else None,
        "delta_el_fen": whole(each.change.el_fen) if each.change else None,
        "production_loss": effect.production,
        "esri_share": effect.part,
        "path": [hop(step) for step in effect.path],
    }


def hop(step: Hop) -> dict[str, Any]:
    """Show a debt of a path."""
    return {"debtor": step.debtor, "tie": step.tie, "amount_fen": whole(step.amount), "told": step.told}


def whole(interval: Interval) -> dict[str, int]:
    """Show an interval of whole fen."""
    return {name: int(value) for name, value in asdict(interval).items()}


def run(made: Reached | Losses) -> dict[str, Any]:
    """Show how losses were followed."""
    return {name: getattr(made, name) for name in ("steps", "most", "change", "settled")}


def estimates(parameters: Parameters) -> dict[str, Any]:
    """Show how debts and equity were estimated."""
    return asdict(parameters)
