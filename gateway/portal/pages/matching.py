"""Which products fit a need: the form that asks, the answer in words, and a firm's own page of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from flask import request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from chassis.core.errors import NotFound
from gateway.portal import figures, language
from gateway.portal.visit import ask, features, own_firm, page, say, speaking, visitor

KINDS = ("credit-line", "invoice-finance", "order-finance", "secured-loan", "guarantee-loan", "leasing")
# Who hands applications in: the firm, and a platform for it. A bank only looks.
APPLICANTS = ("enterprise", "platform")
# Names that a rule may use beside the feature catalogue's.
RULE_UNITS = {
    "amount_fen": "fen",
    "months": "month",
    "pd": "probability",
    "score": "point",
    "rate": "rate",
    "all_in_simple_rate": "rate",
}
# The rule by which a loan is refused for what it would cost.
COST = "terms.cost"
COMMA = {"zh": Markup("、"), "en": Markup(", ")}
WORD = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Answered:
    """A form that asked which products fit, with what is wrong in it, or the match that answers it."""

    need: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    match: Mapping[str, Any] | None = None

    @property
    def status(self) -> int:
        """The HTTP status of the page."""
        return 422 if self.errors else 200


UNASKED = Answered()


def own() -> ResponseReturnValue:
    """Show a firm the form, and what fits once it has asked, or as a stored match says that the address names."""
    firm = own_firm()
    found = answered(firm) if request.method == "POST" else stored(firm)
    if request.headers.get("HX-Request"):
        return part(found)
    return page("matching.html", nonce=uuid4().hex, **shown(found)), found.status


def answered(firm: str) -> Answered:
    """Ask which products fit a firm, as the request's form says."""
    need, errors = _need(request.form)
    return Answered(request.form, errors, None if errors else _match(firm, need))


def stored(firm: str) -> Answered:
    """Return the firm's match that the address names, with its need as it was typed; `UNASKED` where it names none."""
    name = request.args.get("match", "")
    if not name:
        return UNASKED
    found = read(name)
    if found["enterprise"] != firm:
        raise NotFound("The firm has no such match.")
    need = found["need"]
    amount = figures.wan_of_fen(need["amount_fen"])
    return Answered({"amount": amount, "months": str(need["months"]), "kind": need.get("kind") or ""}, {}, found)


def read(name: str) -> Any:
    """Return a stored match; raise `NotFound` for a name that none can have, and as `ask` does."""
    if not name.replace("_", "").replace("-", "").isalnum():
        raise NotFound("There is no such match.")
    return ask("GET", f"/matches/{name}", purpose=purpose())


def part(found: Answered) -> ResponseReturnValue:
    """Return only the part of the page that answers the form, for htmx."""
    return page("_match.html", **shown(found)), found.status


def shown(found: Answered) -> dict[str, Any]:
    """Return what the templates of the form and its answer read."""
    return {
        "kinds": KINDS,
        "need": found.need,
        "errors": found.errors,
        "match": found.match,
        "shown": _shown,
        "may_apply": visitor().role in APPLICANTS,
    }


def purpose() -> str | None:
    """Return why the visitor reads: a soft check of another's file; a firm needs no reason to read its own."""
    return None if visitor().role == "enterprise" else "financing-match"


def _match(firm: str, need: dict[str, Any]) -> Any:
    # The same form sent twice is one match; another amount is another one.
    key = uuid5(NAMESPACE_URL, f"{request.form.get('nonce') or uuid4().hex} {firm} {sorted(need.items())}").hex
    return ask("POST", "/matches", json={"enterprise": firm, "need": need}, purpose=purpose(), key=key)


def _need(form: Any) -> tuple[dict[str, Any], dict[str, str]]:
    fen, months = figures.fen_of_wan(form.get("amount", "")), figures.months_of(form.get("months", ""))
    errors = {}
    if fen is None:
        errors["amount"] = say("match.need_amount")
    if months is None:
        errors["months"] = say("match.need_months")
    need: dict[str, Any] = {"amount_fen": fen, "months": months}
    if form.get("kind") in KINDS:
        need["kind"] = form["kind"]
    return need, errors


def _shown(line: Mapping[str, Any], part: str) -> Any:
    """Return what a rule found or needs, each fact in its own unit.

    A compound rule finds several facts, and what it needs is the rule itself, which its title says: then "".
    """
    facts, comma = line.get("found"), COMMA[speaking()]
    if part == "found" and _withheld(line):
        return say("match.withheld")
    if isinstance(facts, Mapping):
        lines = [Markup("{} {}").format(_title(name), _value(name, value)) for name, value in facts.items()]
        return comma.join(lines) if part == "found" else ""
    subject = WORD.search(str(line.get("rule", "")))
    content = line.get(part)
    values = content if isinstance(content, list) else [content]
    return comma.join(_value(subject[0] if subject else "", value) for value in values)


def _withheld(line: Mapping[str, Any]) -> bool:
    """Tell whether a refusal, or one of its rules, is by the cost, and what that came to is not for this reader."""
    first = (line.get("failed") or [line])[0]
    return line.get("found") is None and first.get("rule_id") == COST


def _title(name: str) -> str:
    known = features().get(name)
    return language.pick(speaking(), known["title"]) if known else language.term(speaking(), "fact", name)


def _value(name: str, value: Any) -> Any:
    if value is None:
        return say("match.unknown")
    if name == "size_class":
        return language.term(speaking(), "size", value)
    return figures.measure(speaking(), value, RULE_UNITS.get(name) or features().get(name, {}).get("unit"))
