"""Cross-comparison of a firm's sources: every rule with its verdict, and the pairs that contradict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import NotFound
from gateway.portal.visit import ask, firm_path, own_firm, page, visitor

ROLES = ("bank", "platform", "operator", "source")
PAIRS_A_PAGE = 50
# What a reader looks for comes first.
ORDER = {"contradicts": 0, "unconfirmed": 1, "agrees": 2, "not-compared": 3}


def own() -> ResponseReturnValue:
    """Show a firm how its sources agree."""
    return _page(own_firm(), own=True)


def of_applicant(firm: str) -> ResponseReturnValue:
    """Show a bank how the sources of a consenting firm agree."""
    visitor(*ROLES)
    return _page(firm, own=False)


def _page(firm: str, *, own: bool) -> ResponseReturnValue:
    purpose = None if own else "credit-assessment"
    checks = ask("GET", firm_path(firm, "cross-checks"), purpose=purpose)
    rules = sorted(checks["rules"], key=lambda rule: ORDER[rule["verdict"]])
    chosen = request.args.get("rule")
    pairs = _pairs(firm, rules, chosen, purpose) if chosen else None
    return page(
        "cross_checks.html",
        own=own,
        firm=firm,
        found=checks,
        rules=rules,
        pairs=pairs,
        portrait_url=url_for("portal.enterprise_own") if own else url_for("portal.enterprise_of_applicant", firm=firm),
    ), 200


def _pairs(firm: str, rules: list[dict[str, Any]], chosen: str, purpose: str | None) -> Mapping[str, Any]:
    rule = next((rule for rule in rules if rule["rule"] == chosen), None)
    if rule is None:
        raise NotFound("There is no such rule.")
    query: dict[str, str | int] = {"verdict": "contradicts", "limit": PAIRS_A_PAGE}
    items = ask("GET", firm_path(firm, "cross-checks", chosen), query=query, purpose=purpose)["items"]
    return {"rule": rule, "items": items}
