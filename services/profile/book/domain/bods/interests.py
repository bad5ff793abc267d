"""Which relation of the book an interest is, with which share; why it is none, where it is not.

The book holds stakes, actual controllers and persons in charge. An interest that is none of these is refused, not bent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.profile.book.domain.bods.shape import INDIRECT, day_of

SHAREHOLDER, CONTROLLER, IN_CHARGE, UNSPECIFIED = "shareholder", "controller", "person-in-charge", "unspecified"
# What these interests are called here, so that they are known again.
CONTROLLER_NAME, IN_CHARGE_NAME = "实际控制人 actual controller", "法定代表人或负责人 person in charge"
SHARES, VOTES, MANAGER, INFLUENCE, NOT_KNOWN = (
    "shareholding",
    "votingRights",
    "seniorManagingOfficial",
    "otherInfluenceOrControl",
    "unknownInterest",
)
# Control by their definition in the standard's code list.
CONTROLS = ("appointmentOfBoard", "controlViaCompanyRulesOrArticles", "controlByLegalFramework")
HALF = 50
# What lies above an exclusive bound is held as this much above it, in percentage points.
ABOVE = 0.001


@dataclass(frozen=True, slots=True)
class Meant:
    """A relation that an interest means: its kind, its share in percent, and whether that is a lower bound."""

    relation: str
    percent: float | None
    bound: bool
    since: str | None
    until: str | None


class NotHeld(Exception):
    """The book holds nothing of this kind; the text says why, in English and Chinese."""


def meant(interest: Mapping[str, Any], *, of_person: bool) -> Meant:
    """Return the relation that an interest means; raise `NotHeld` where the book has none such."""
    if interest.get("beneficialOwnershipOrControl") and not of_person:
        raise NotHeld("a beneficial owner must be a person / 受益所有人须为自然人")
    percent, bound = _percent(interest.get("share", {}))
    relation = _relation(interest, percent)
    if relation == IN_CHARGE and not of_person:
        raise NotHeld("a person in charge must be a person / 负责人须为自然人")
    return Meant(relation, None if relation == IN_CHARGE else percent, bound, *days(interest))


def days(interest: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the first and the last day of an interest, where they are told."""
    since, until = (day_of(interest.get(name)) for name in ("startDate", "endDate"))
    return since.isoformat() if since else None, until.isoformat() if until else None


def _relation(interest: Mapping[str, Any], percent: float | None) -> str:
    kind = interest.get("type", NOT_KNOWN)
    if interest.get("details") == CONTROLLER_NAME:
        return CONTROLLER
    if kind == SHARES:
        return _stake(interest)
    if kind == VOTES and not (percent or 0) > HALF:
        raise NotHeld("voting rights of half or less are neither a stake nor control / 半数及以下的表决权不构成控制")
    if kind in (VOTES, *CONTROLS):
        return CONTROLLER
    if kind == MANAGER:
        return IN_CHARGE
    if kind in (INFLUENCE, NOT_KNOWN) and interest.get("beneficialOwnershipOrControl"):
        return CONTROLLER
    raise NotHeld(f"the book holds no {kind} that is not said to be control / 账册不收录未说明构成控制的此类权益")


def _stake(interest: Mapping[str, Any]) -> str:
    if interest.get("directOrIndirect") == INDIRECT:
        raise NotHeld(
            "an indirect shareholding; state the stakes that it consists of / 间接持股，请分别报送其各层直接持股"
        )
    return SHAREHOLDER


def _percent(share: Mapping[str, float]) -> tuple[float | None, bool]:
    """Return a share in percent, and whether it is the least that it may be."""
    if "exact" in share:
        return share["exact"], False
    least = max(share.get("minimum", 0), share["exclusiveMinimum"] + ABOVE if "exclusiveMinimum" in share else 0)
    bounded = bool(share.keys() & {"minimum", "exclusiveMinimum"})
    return (least, True) if bounded else (None, bool(share))
