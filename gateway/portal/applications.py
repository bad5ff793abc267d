"""An application in words: whose turn it is and until when, what each offer says, and why a move was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from gateway.portal import figures
from gateway.portal.door import ServiceProblem
from gateway.portal.language import HAN, Language, half, pick, term, text

STATES = (
    *("draft", "submitted", "under-review", "offered", "accepted"),
    *("disbursed", "repaid", "defaulted", "declined", "withdrawn"),
)
# A draft is the applicant's alone until it is handed in.
STATES_OF_BANK = STATES[1:]
APPLICANT, BANK = "applicant", "bank"
PARTY_OF = {"enterprise": APPLICANT, "platform": APPLICANT, "bank": BANK}
# Whose move comes next; nobody's while a loan is repaid, and where an application has ended.
TURNS = {
    "draft": APPLICANT,
    "submitted": BANK,
    "under-review": BANK,
    "offered": APPLICANT,
    "accepted": BANK,
}


@dataclass(frozen=True, slots=True)
class Due:
    """What comes next: whose turn it is, what they do, how long it has waited, and its last day if it has one."""

    turn: str | None
    what: str
    waited: str
    until: str | None
    left: str
    urgent: bool


def due(language: Language, application: Mapping[str, Any], on: date) -> Due:
    """Return what an application waits for on a day; an offer whose last day is over waits for the bank again."""
    state = application["state"]
    until = application.get("expires_on") if state == "offered" else None
    days = None if until is None else (date.fromisoformat(until) - on).days
    over = days is not None and days < 0
    turn = BANK if over else TURNS.get(state)
    return Due(
        turn=turn,
        what=term(language, "application_due", "expired" if over else state),
        waited=_waited(language, application, on) if turn else "",
        until=until,
        left=_left(language, days),
        urgent=days is not None and days <= URGENT_DAYS,
    )


URGENT_DAYS = 3


def _left(language: Language, days: int | None) -> str:
    if days is None:
        return ""
    if days == 0:
        return text(language, "applications.last_day_today")
    return _days(language, "left" if days > 0 else "over", abs(days))


def _waited(language: Language, application: Mapping[str, Any], on: date) -> str:
    since = figures.china_day(application["updated_at"])
    days = (on - since).days
    return _days(language, "waited", days) if days > 0 else text(language, "applications.waited_today")


def _days(language: Language, what: str, count: int) -> str:
    key = {"left": "applications.day_left", "over": "applications.day_over", "waited": "applications.day_waited"}[what]
    many = {"left": "applications.days_left", "over": "applications.days_over", "waited": "applications.days_waited"}
    return text(language, key if count == 1 else many[what], count=count)


# What an offer's document says that the page shows, or that tells whose offer it is: nothing is accepted unseen.
KNOWN_TERMS = frozenset(
    {
        *("application", "offer", "enterprise", "bank", "product", "product_version"),
        *("amount_fen", "months", "rate", "repayment", "payments_fen", "expires_on"),
        *("total_cost_fen", "interest_fen", "fees_fen", "fees"),
        *("all_in_rate", "all_in_simple_rate", "all_in_convention"),
    }
)


def offers(application: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every offer, newest first, with what its document says; `standing` is the one that can be accepted."""
    return [_offer(application, each) for each in reversed(application.get("offers") or ())]


def _offer(application: Mapping[str, Any], offer: Mapping[str, Any]) -> dict[str, Any]:
    document = offer["document"]
    payments = list(document.get("payments_fen") or ())
    return {
        **offer,
        "terms": document,
        "payments": payments,
        "paid_at_end": document.get("repayment") == "bullet",
        "standing": offer["state"] == "open" and offer["number"] == application.get("offer"),
    }


@dataclass(frozen=True, slots=True)
class Range:
    """From where to where a term of an offer may lie, as the product and the need say; the law may narrow the rate."""

    name: str
    least: Any
    most: Any


def ranges(application: Mapping[str, Any], product: Mapping[str, Any] | None) -> dict[str, Range]:
    """Return what a bank may offer by the version of the product that the application keeps; nothing without it."""
    if product is None:
        return {}
    need, rate = application["need"], product.get("rate") or {}
    found = {
        name: Range(name, product[name][0], min(product[name][1], need[name]))
        for name in ("amount_fen", "months")
        if product.get(name)
    }
    if rate.get("cap") is not None:
        found["rate"] = Range("rate", rate.get("floor", 0), rate["cap"])
    return found


def figure(language: Language, name: str, value: Any) -> Any:
    """Return a term of an offer in words: yuan to the fen, months, percent, a date."""
    if value is None:
        return figures.NOTHING
    if name.endswith("_fen"):
        return figures.exact_yuan(int(value))
    if name == "months":
        return text(language, "match.month_unit", n=value)
    if name == "rate":
        return figures.exact_rate(value)
    return figures.day_in_words(language, str(value)) if name == "expires_on" else str(value)


# What a refusal says in the reader's language, and what to do next; its blanks are members of the problem.
REFUSALS = {
    "outdated": "refusal.outdated",
    "application-not-found": "refusal.gone",
    "not-your-move": "refusal.not_yours",
    "match-passed": "refusal.match_passed",
    "match-not-found": "refusal.match_gone",
    "product-not-found": "refusal.product_gone",
}


def refusal(language: Language, problem: ServiceProblem, product: str = "") -> Any:
    """Return why a move or a hand-in was refused, in the reader's language, with what to do next."""
    said = problem.document
    slug = problem.slug
    if slug in SAID:
        return SAID[slug](language, said, product)
    if slug in REFUSALS:
        return text(language, REFUSALS[slug])
    title = said.get("title_zh") if language == "zh" else said.get("title")
    title = title or text(language, "error.other_title")
    detail = half(language, problem.detail)
    # A service says its details in English, few of them in Chinese, too; a number of a law is no Chinese sentence.
    if language == "zh" and not HAN.match(detail):
        return text(language, "refusal.other_title", title=title)
    return text(language, "refusal.other", title=title, detail=detail)


def _passed(language: Language, said: Mapping[str, Any], _: str) -> str:
    if said.get("needed") is None:
        return text(language, "refusal.none_stands", found=said.get("found"))
    return text(language, "refusal.another_stands", found=said.get("found"), needed=said["needed"])


def _expired(language: Language, said: Mapping[str, Any], _: str) -> Any:
    on = figures.day_in_words(language, said.get("expires_on"))
    return text(language, "refusal.offer_expired", offer=said.get("offer"), on=on)


def _beyond(language: Language, said: Mapping[str, Any], _: str) -> Any:
    """Say what was found and what is needed: a range, or a step."""
    name, needed = str(said.get("field", "")), said.get("needed")
    if "statute" in said:
        return _drawn_too_little(language, said) if name == "drawn_fen" else _unlawful(language, said)
    found = figure(language, name, said.get("found"))
    label = term(language, "offer_field", name)
    if not isinstance(needed, Mapping):
        return text(language, "refusal.too_fine", name=label)
    least, most = (figure(language, name, needed.get(end)) for end in ("least", "most"))
    if name != "expires_on" and needed.get("least", 0) > needed.get("most", 0):
        return text(language, "refusal.no_room", name=label, least=least, most=most)
    return text(language, "refusal.beyond", name=label, found=found, least=least, most=most)


def _drawn_too_little(language: Language, said: Mapping[str, Any]) -> str:
    """Say what fees make of a small part of a loan, and from how much to how much may be paid out, if any."""
    needed, law = said["needed"], figures.exact_rate(said["statute"])
    found, least, most = (
        figure(language, "drawn_fen", each) for each in (said.get("found"), needed.get("least"), needed.get("most"))
    )
    nothing_left, never = said.get("all_in_simple_rate") is None, needed.get("least") is None
    if nothing_left and never:
        return text(language, "refusal.drawn_never_for_fees", found=found, law=law)
    if nothing_left:
        return text(language, "refusal.drawn_for_fees", found=found, least=least, most=most)
    simple = figures.percent(said["all_in_simple_rate"], 2)
    if never:
        return text(language, "refusal.drawn_never", found=found, simple=simple, law=law)
    return text(language, "refusal.drawn_too_little", found=found, simple=simple, law=law, least=least, most=most)


def _unlawful(language: Language, said: Mapping[str, Any]) -> str:
    """Say what interest and fees come to together, and the rate that the law leaves room for, if it leaves any."""
    law, most = figures.exact_rate(said["statute"]), (said.get("needed") or {}).get("most")
    if most is None:
        return text(language, "refusal.fees_alone", law=law)
    found, simple = figures.exact_rate(said.get("found")), figures.percent(said.get("all_in_simple_rate"), 2)
    return text(language, "refusal.law", found=found, simple=simple, law=law, most=figures.exact_rate(most))


def _used_up(language: Language, said: Mapping[str, Any], product: str) -> str:
    if said.get("field") == "quota":
        return text(language, "refusal.no_place", product=product)
    left, needed = (figures.exact_yuan(int(said.get(name) or 0)) for name in ("found", "needed"))
    return text(language, "refusal.used_up", product=product, left=left, needed=needed)


def _impossible(language: Language, said: Mapping[str, Any], _: str) -> str:
    return text(language, "refusal.impossible", state=term(language, "application_state", said.get("state")))


def _mandate(language: Language, said: Mapping[str, Any], _: str) -> str:
    purpose = term(language, "purpose", said.get("purpose") or "financing-application")
    return text(language, "refusal.mandate", purpose=purpose)


def _under_way(language: Language, said: Mapping[str, Any], product: str) -> str:
    if said.get("event") == "submit":
        return text(language, "refusal.draft_waits", product=product)
    # A match of another version is told with both numbers; another need with two needs.
    if isinstance(said.get("found"), int):
        return text(language, "refusal.other_version", product=product, found=said["found"], needed=said.get("needed"))
    key = "refusal.other_need" if said.get("application") else "refusal.others"
    return text(language, key, product=product)


SAID = {
    "offer-passed": _passed,
    "offer-expired": _expired,
    "terms-beyond": _beyond,
    "expiry-beyond": _beyond,
    "product-used-up": _used_up,
    "move-impossible": _impossible,
    "consent-required": _mandate,
    "application-open": _under_way,
}


def who(language: Language, event: Mapping[str, Any], me: str, applicants: frozenset[str]) -> Any:
    """Return who made a move: the reader, the bank, or who acted for the firm.

    `applicants` are platforms that are known to act for it; any other client of that side may be the firm itself.
    """
    if event["client"] == me:
        return text(language, "applications.you")
    if event["party"] == BANK:
        return Markup('{} <span class="code">{}</span>').format(term(language, "party", BANK), event["client"])
    kind = "platform" if event["client"] in applicants else APPLICANT
    return Markup('{} <span class="code">{}</span>').format(term(language, "party", kind), event["client"])


def title(language: Language, product: Mapping[str, Any] | None, application: Mapping[str, Any]) -> str:
    """Return the product's title; its id where the product cannot be read."""
    return pick(language, product["title"]) if product else str(application["product"])
