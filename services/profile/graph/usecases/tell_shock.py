"""What a shock does, as it is told: to whoever waits for it, and kept for whoever has ordered it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from services.profile.graph.domain.contagion.book import Interval
from services.profile.graph.domain.contagion.default import Losses
from services.profile.graph.domain.contagion.fixed_point import Reached
from services.profile.graph.domain.contagion.network import Network
from services.profile.graph.domain.contagion.parameters import Parameters
from services.profile.graph.domain.contagion.shock import Hop
from services.profile.graph.usecases.strike import Answer, Order, Struck

MOST_HIT = 100
# Who states exposures, PDs and losses given default: whoever asks.
READER = "reader"


def told_shock(order: Order, found: Answer) -> dict[str, Any]:
    """Tell what a shock does, without the marks of disputes: those are as they are when it is read."""
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
        "withheld": found.permit.withheld if order.book else 0,
        "book": _book(order, found) if order.book else None,
        "esri": outcome.index,
        "enterprises": [
            _struck(each) | {"equity": equity(found.network, each.effect.enterprise)} for each in found.firms
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
        "stated_by": READER,
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


def equity(network: Network, firm: str) -> dict[str, Any]:
    """Show what a firm can lose, and who stated that."""
    found = network.equity_of(firm)
    return {"fen": round(found.fen), "rests_on": str(found.rests_on), "stated_by": found.stated_by}


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


def as_open(told: Mapping[str, Any], opened: Collection[str], named: Collection[str]) -> dict[str, Any]:
    """Return what was told without the firms whose files are no longer open; `named` are those that the asker named."""
    firms = [each for each in told["enterprises"] if each["enterprise"] in opened]
    known = {*opened, *named}
    hit = [firm for firm in told["hit"]["firms"] if firm in known]
    gone = len(told["hit"]["firms"]) - len(hit)
    return {
        **told,
        "hit": {**told["hit"], "firms": hit, "left_out": told["hit"]["left_out"] + gone},
        "enterprises": [{**each, "path": [_as_open(step, known) for step in each["path"]]} for each in firms],
        "left_out": told["left_out"] + len(told["enterprises"]) - len(firms),
    }


def _as_open(step: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    return {**step, "debtor": step["debtor"] if step["debtor"] in known else None}
