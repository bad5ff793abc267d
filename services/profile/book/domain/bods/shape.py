"""What a statement of BODS 0.4 must be like: its fields, its code lists, and what stands in the standard's prose.

https://standard.openownership.org/en/0.4.0/standard/reference.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from chassis.core import moments

VERSION = "0.4"
ENTITY, PERSON, RELATIONSHIP = "entity", "person", "relationship"
TYPES = (ENTITY, PERSON, RELATIONSHIP)
NEW, UPDATED, CLOSED = "new", "updated", "closed"
STATUSES = (NEW, UPDATED, CLOSED)
SHORTEST_ID, LONGEST_ID = 32, 64
KNOWN_PERSON, ANONYMOUS_PERSON, UNKNOWN_PERSON = "knownPerson", "anonymousPerson", "unknownPerson"
PERSON_TYPES = (KNOWN_PERSON, ANONYMOUS_PERSON, UNKNOWN_PERSON)
SUBTYPES: Mapping[str, tuple[str, ...]] = {
    "registeredEntity": ("other",),
    "legalEntity": ("trust", "other"),
    "arrangement": ("trust", "nomination", "other"),
    "anonymousEntity": ("other",),
    "unknownEntity": ("other",),
    "state": ("other",),
    "stateBody": ("governmentDepartment", "stateAgency", "other"),
}
DIRECT, INDIRECT, UNKNOWN = "direct", "indirect", "unknown"
INTERESTS = (
    *("shareholding", "votingRights", "appointmentOfBoard", "otherInfluenceOrControl", "seniorManagingOfficial"),
    *("settlor", "trustee", "protector", "beneficiaryOfLegalArrangement", "rightsToSurplusAssetsOnDissolution"),
    *("rightsToProfitOrIncome", "rightsGrantedByContract", "conditionalRightsGrantedByContract"),
    *("controlViaCompanyRulesOrArticles", "controlByLegalFramework", "boardMember", "boardChair", "unknownInterest"),
    *("unpublishedInterest", "enjoymentAndUseOfAssets", "rightToProfitOrIncomeFromAssets", "nominee", "nominator"),
)
REASONS = (
    *("noBeneficialOwners", "subjectUnableToConfirmOrIdentifyBeneficialOwner"),
    *("interestedPartyHasNotProvidedInformation", "subjectExemptFromDisclosure"),
    *("interestedPartyExemptFromDisclosure", "unknown", "informationUnknownToPublisher"),
)
SHARES = ("exact", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a statement, and where in it; nothing of its words is said again, since they name persons."""

    path: str
    reason: str


def faults(statement: Mapping[str, Any]) -> Iterator[Fault]:
    """Give what is wrong with one statement by itself."""
    yield from _envelope(statement)
    details = statement.get("recordDetails")
    if not isinstance(details, dict):
        yield Fault("recordDetails", "not an object / 不是对象")
        return
    if not isinstance(details.get("isComponent"), bool):
        yield Fault("recordDetails.isComponent", "must be true or false / 须为 true 或 false")
    kind = statement.get("recordType")
    if kind in TYPES:
        yield from SPECIFIC[kind](details)


def day_of(written: object) -> date | None:
    """Return the day of a date or a moment as the standard writes them; None where it is none."""
    if not isinstance(written, str):
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    # Without a zone it is what the file says; with one, China's day.
    return date(moment.year, moment.month, moment.day) if moment.tzinfo is None else moments.day_of(moment)


def _envelope(statement: Mapping[str, Any]) -> Iterator[Fault]:
    name = statement.get("statementId")
    if not isinstance(name, str) or not SHORTEST_ID <= len(name) <= LONGEST_ID:
        yield Fault("statementId", f"must have {SHORTEST_ID} to {LONGEST_ID} characters / 须为 32 至 64 个字符")
    for field in ("declarationSubject", "recordId"):
        if not isinstance(statement.get(field), str) or not statement[field]:
            yield Fault(field, "must be the name of a record / 须为记录编号")
    if day_of(statement.get("statementDate")) is None:
        yield Fault("statementDate", "must be a date such as 2026-03-31 / 须为日期")
    yield from _listed(statement, "recordType", TYPES, required=True)
    yield from _listed(statement, "recordStatus", STATUSES)
    yield from _publication(statement.get("publicationDetails"))


def _publication(details: object) -> Iterator[Fault]:
    if details is None:
        return
    if not isinstance(details, dict):
        yield Fault("publicationDetails", "not an object / 不是对象")
        return
    if details.get("bodsVersion") != VERSION:
        yield Fault("publicationDetails.bodsVersion", f"must be {VERSION}; convert it first / 须为 {VERSION} 版")
    if day_of(details.get("publicationDate")) is None:
        yield Fault("publicationDetails.publicationDate", "must be a date / 须为日期")
    publisher = details.get("publisher")
    if not isinstance(publisher, dict) or not publisher.keys() & {"name", "url"}:
        yield Fault("publicationDetails.publisher", "must have a name or a url / 须有名称或网址")


def _entity(details: Mapping[str, Any]) -> Iterator[Fault]:
    form = details.get("entityType")
    if not isinstance(form, dict) or form.get("type") not in tuple(SUBTYPES):
        yield Fault("recordDetails.entityType.type", f"must be one of: {', '.join(SUBTYPES)} / 应为以上之一")
    elif "subtype" in form and form["subtype"] not in SUBTYPES[form["type"]]:
        fitting = ", ".join(SUBTYPES[form["type"]])
        yield Fault("recordDetails.entityType.subtype", f"of this type must be one of: {fitting} / 应为以上之一")
    yield from _worded(details, "name")
    yield from _identifiers(details)
    yield from _in_order(details, "foundingDate", "dissolutionDate", "recordDetails")


def _person(details: Mapping[str, Any]) -> Iterator[Fault]:
    yield from _listed(details, "personType", PERSON_TYPES, "recordDetails.", required=True)
    yield from _worded(details, "birthDate")
    yield from _identifiers(details)
    names = details.get("names", [])
    if not isinstance(names, list) or not all(isinstance(one, dict) and _text(one.get("fullName")) for one in names):
        yield Fault("recordDetails.names", "each must have a fullName / 每项须有 fullName")


def _identifiers(details: Mapping[str, Any]) -> Iterator[Fault]:
    found = details.get("identifiers", [])
    if not isinstance(found, list) or not all(isinstance(one, dict) and _of_a_scheme(one) for one in found):
        reason = "each must have a scheme or a schemeName / 每项须有 scheme 或 schemeName"
        yield Fault("recordDetails.identifiers", reason)


def _of_a_scheme(identifier: Mapping[str, Any]) -> bool:
    return _text(identifier.get("scheme")) or _text(identifier.get("schemeName"))


def _relationship(details: Mapping[str, Any]) -> Iterator[Fault]:
    for side in ("subject", "interestedParty"):
        yield from _side(details.get(side), f"recordDetails.{side}")
    if details.get("isComponent") is True and details.get("componentRecords", []) != []:
        reason = "a component has none itself / 组成部分自身不得再有组成部分"
        yield Fault("recordDetails.componentRecords", reason)
    interests = details.get("interests", [])
    if not isinstance(interests, list):
        yield Fault("recordDetails.interests", "not a list / 不是列表")
        return
    for place, interest in enumerate(interests):
        yield from _interest(interest, f"recordDetails.interests[{place}]")


def _side(side: object, path: str) -> Iterator[Fault]:
    if isinstance(side, dict):
        yield from _listed(side, "reason", REASONS, f"{path}.", required=True)
    elif not _text(side):
        yield Fault(path, "must be a record's name, or a reason for none / 须为记录编号或未指明的理由")


def _interest(interest: object, path: str) -> Iterator[Fault]:
    if not isinstance(interest, dict):
        yield Fault(path, "not an object / 不是对象")
        return
    yield from _listed(interest, "type", INTERESTS, f"{path}.")
    yield from _listed(interest, "directOrIndirect", (DIRECT, INDIRECT, UNKNOWN), f"{path}.")
    if not isinstance(interest.get("beneficialOwnershipOrControl", False), bool):
        yield Fault(f"{path}.beneficialOwnershipOrControl", "must be true or false / 须为 true 或 false")
    yield from _share(interest.get("share", {}), f"{path}.share")
    yield from _in_order(interest, "startDate", "endDate", path)


def _share(share: object, path: str) -> Iterator[Fault]:
    if not isinstance(share, dict):
        yield Fault(path, "not an object / 不是对象")
        return
    stated = {name: share[name] for name in SHARES if name in share}
    for name, value in stated.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
            yield Fault(f"{path}.{name}", "must be a percentage from 0 to 100 / 须为 0 至 100 的百分数")
            return
    low = max((stated[name] for name in ("minimum", "exclusiveMinimum") if name in stated), default=0)
    high = min((stated[name] for name in ("maximum", "exclusiveMaximum") if name in stated), default=100)
    if low > high or not low <= stated.get("exact", low) <= high:
        yield Fault(path, "contradicts itself / 自相矛盾")


def _in_order(of: Mapping[str, Any], first: str, last: str, path: str) -> Iterator[Fault]:
    days = {name: day_of(of[name]) for name in (first, last) if name in of}
    yield from (Fault(f"{path}.{name}", "must be a date / 须为日期") for name, day in days.items() if day is None)
    start, end = days.get(first), days.get(last)
    if start and end and end < start:
        yield Fault(f"{path}.{last}", f"before {first} / 早于 {first}")


def _listed(
    of: Mapping[str, Any], field: str, codes: Collection[str], path: str = "", *, required: bool = False
) -> Iterator[Fault]:
    if (required or field in of) and of.get(field) not in codes:
        yield Fault(path + field, f"must be one of: {', '.join(codes)} / 应为以上之一")


def _worded(of: Mapping[str, Any], field: str) -> Iterator[Fault]:
    if field in of and not isinstance(of[field], str):
        yield Fault(f"recordDetails.{field}", "must be a text / 须为文本")


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


SPECIFIC = {ENTITY: _entity, PERSON: _person, RELATIONSHIP: _relationship}
