"""The forms of an application's moves: who sees which, and what each says to the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis.core.moments import today
from gateway.portal import figures
from gateway.portal.visit import say

# In the order of the page: what moves it on first, what ends it last.
MOVES = ("submit", "accept", "review", "offer", "disburse", "repay", "withdraw", "decline", "default")
MANDATE_OF = {"accept": "financing-acceptance"}  # for every other move of a platform: the one to apply
LONGEST_REASON = 1000
# A member of the problem → the field of the form that it is about.
FIELD_OF = {
    "amount_fen": "amount",
    "months": "months",
    "rate": "rate",
    "expires_on": "expires_on",
    "reason": "reason",
    "drawn_fen": "drawn",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a form says with a move, and what is missing in it, by field."""

    said: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def offered(role: str, possible: Sequence[str], given: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """Return the moves that have a form for the visitor; of a platform's those that a live mandate covers.

    Where the mandates are not known (None) it has them all: the service refuses what none covers.
    """
    found = [each for each in MOVES if each in possible]
    if role != "platform" or given is None:
        return found
    live = {purpose for each in given if each["is"] == "live" for purpose in each["mandates"]}
    return [each for each in found if MANDATE_OF.get(each, "financing-application") in live]


def read(event: str, form: Mapping[str, str]) -> Said:
    """Return what the form of a move says; a move without fields says nothing but a reason that was typed."""
    return READERS.get(event, _reason)(form)


def _reason(form: Mapping[str, str]) -> Said:
    reason = form.get("reason", "").strip()
    if len(reason) > LONGEST_REASON:
        return Said({}, {"reason": say("move.long_reason", longest=LONGEST_REASON)})
    return Said({"reason": reason} if reason else {})


def _with_reason(form: Mapping[str, str]) -> Said:
    read = _reason(form)
    return read if read.said or read.errors else Said({}, {"reason": say("move.need_reason")})


def _accept(form: Mapping[str, str]) -> Said:
    number = form.get("offer", "")
    offer = int(number) if number.isascii() and number.isdigit() and len(number) <= 6 else 0
    errors = {} if form.get("agreed") and offer else {"agreed": say("move.need_agreed")}
    return Said({"offer": offer}, errors)


def _offer(form: Mapping[str, str]) -> Said:
    terms = {
        "amount_fen": figures.fen_of_yuan(form.get("amount", "")),
        "months": figures.months_of(form.get("months", "")),
        "rate": figures.rate_of_percent(form.get("rate", "")),
    }
    wrong = {"amount_fen": "move.need_yuan", "months": "match.need_months", "rate": "move.need_rate"}
    errors = {FIELD_OF[name]: say(wrong[name]) for name, value in terms.items() if value is None}
    entered = form.get("expires_on", "").strip()
    expires_on = figures.date_of(entered)
    if entered and (expires_on is None or expires_on < today()):
        errors["expires_on"] = say("move.need_day")
    reason = _reason(form)
    last_day = {"expires_on": expires_on.isoformat()} if expires_on else {}
    return Said({"terms": terms, **last_day, **reason.said}, errors | reason.errors)


def _disburse(form: Mapping[str, str]) -> Said:
    drawn = figures.fen_of_yuan(form.get("drawn", ""))
    return Said({"drawn_fen": drawn}, {} if drawn else {"drawn": say("move.need_yuan")})


READERS: Mapping[str, Callable[[Mapping[str, str]], Said]] = {
    "accept": _accept,
    "offer": _offer,
    "disburse": _disburse,
    "decline": _with_reason,
    "default": _with_reason,
}
