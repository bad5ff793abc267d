"""From relations to statements of BODS 0.4: what the book holds of who owns and controls one firm.

Persons go out as anonymous ones with the keyed hash as their identifier, since no name of them is held. What the
standard has no words for stays out: guarantees, addresses, phones, capital, contributions in money; the firm's own
statement tells so. Ids are made of what is said, so that the same facts have the same ids.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.profile.book.domain.bods.interests import (
    CONTROLLER,
    CONTROLLER_NAME,
    IN_CHARGE,
    IN_CHARGE_NAME,
    INFLUENCE,
    MANAGER,
    NOT_KNOWN,
    SHAREHOLDER,
    SHARES,
    UNSPECIFIED,
    VOTES,
)
from services.profile.book.domain.bods.parties import CODE_NAME, HASH_NAME, LOCAL_NAME
from services.profile.book.domain.bods.shape import (
    ANONYMOUS_PERSON,
    CLOSED,
    DIRECT,
    ENTITY,
    NEW,
    PERSON,
    RELATIONSHIP,
    UNKNOWN,
    UPDATED,
    VERSION,
)
from services.profile.book.domain.channel import Channel

KINDS = (SHAREHOLDER, CONTROLLER, IN_CHARGE, UNSPECIFIED)
Statement = dict[str, Any]
PUBLISHER = "smecredit"
SOURCES: Mapping[str, str] = {
    Channel.SUBJECT: "selfDeclaration",
    Channel.GOVERNMENT: "officialRegister",
    Channel.COURT: "officialRegister",
}
THIRD = "thirdParty"
WITHHELD = (
    "Held as a keyed hash, equal or not and never read; a person, or a party that its source names without a code. "
    "仅以带密钥的散列值保存：自然人，或来源未提供代码的当事方。"
)
LEFT_OUT = (
    "Persons are told by keyed hashes; contributions in money, guarantees, addresses, phones and capital are not part "
    "of this standard and stay out. 自然人以散列值表示；出资额、担保、地址、电话与注册资本不在本标准范围内，未列入。"
)


@dataclass(frozen=True, slots=True)
class Held:
    """A relation of the firm as the book holds it, and by which channel and on which day it became known."""

    relation: str
    party: str
    share: float | None
    since: date | None
    until: date | None
    version: int
    channel: str
    stated_on: date


@dataclass(frozen=True, slots=True)
class Subject:
    """The firm, as of which day its relations are told, and on which day the answer was known."""

    enterprise: str
    name: str | None
    as_of: date
    published_on: date


def outward(subject: Subject, relations: list[Held], disputes: list[str]) -> list[Statement]:
    """Return the statements: the firm, the other parties, then the relationships; `disputes` are told as comments."""
    told = sorted(relations, key=lambda one: (one.relation, one.party, str(one.since)))
    named = {one.party: one for one in reversed(told) if one.relation != UNSPECIFIED}
    comments = [_comment(text) for text in (LEFT_OUT, *disputes)]
    firm = _entity(subject, subject.enterprise, subject.name) | {"annotations": comments}
    parties = [_party(subject, party, named[party]) for party in sorted(named) if party != subject.enterprise]
    return [_with_id(each) for each in (firm, *parties, *(_relationship(subject, one) for one in told))]


def record_of(*named: object) -> str:
    """Return the name of a record: the same for the same thing, and telling nothing of it."""
    return "smecredit-" + _digest(named)[:32]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()


def _with_id(statement: Statement) -> Statement:
    told = {name: value for name, value in statement.items() if name != "publicationDetails"}
    return {"statementId": _digest(told), **statement}


def _envelope(subject: Subject, kind: str, record: str, details: Statement, stated_on: date, status: str) -> Statement:
    return {
        "declarationSubject": record_of(ENTITY, subject.enterprise),
        "statementDate": stated_on.isoformat(),
        "publicationDetails": {
            "publicationDate": subject.published_on.isoformat(),
            "bodsVersion": VERSION,
            "publisher": {"name": PUBLISHER},
        },
        "recordId": record,
        "recordStatus": status,
        "recordType": kind,
        "recordDetails": {"isComponent": False, **details},
    }


def _entity(subject: Subject, enterprise: str, name: str | None) -> Statement:
    scheme, _, code = enterprise.partition(":")
    details: Statement = {
        "entityType": {"type": "registeredEntity"},
        **({"name": name} if name else {}),
        "identifiers": [{"schemeName": CODE_NAME if scheme == "uscc" else LOCAL_NAME, "id": code}],
    }
    if scheme == "uscc":
        details["jurisdiction"] = {"name": "中国 China", "code": "CN"}
    return _envelope(subject, ENTITY, record_of(ENTITY, enterprise), details, subject.as_of, NEW)


def _party(subject: Subject, party: str, told: Held) -> Statement:
    if not _is_opaque(party):
        return _entity(subject, party, None)
    details = {
        "personType": ANONYMOUS_PERSON,
        "unspecifiedPersonDetails": {"reason": "informationUnknownToPublisher", "description": WITHHELD},
        "identifiers": [{"schemeName": HASH_NAME, "id": party}],
    }
    return _envelope(subject, PERSON, record_of(PERSON, party), details, subject.as_of, NEW)


def _is_opaque(party: str) -> bool:
    return party.startswith("hash:")


def _relationship(subject: Subject, one: Held) -> Statement:
    details = {
        "subject": record_of(ENTITY, subject.enterprise),
        "interestedParty": _interested(one),
        "interests": [_interest(one)],
    }
    ended = one.until is not None and one.until <= subject.as_of
    status = CLOSED if ended else UPDATED if one.version > 1 else NEW
    record = record_of(RELATIONSHIP, subject.enterprise, one.relation, one.party, one.since)
    source = {"type": [SOURCES.get(one.channel, THIRD)], "retrievedAt": one.stated_on.isoformat()}
    return _envelope(subject, RELATIONSHIP, record, details, one.stated_on, status) | {"source": source}


def _interested(one: Held) -> str | Statement:
    if one.relation == UNSPECIFIED:
        return {"reason": one.party}
    return record_of(PERSON if _is_opaque(one.party) else ENTITY, one.party)


def _interest(one: Held) -> Statement:
    return dict(_parts(one))


def _parts(one: Held) -> Iterator[tuple[str, Any]]:
    """Give the fields of an interest, those that are known."""
    forms = {
        SHAREHOLDER: (SHARES, DIRECT, None),
        CONTROLLER: (INFLUENCE if one.share is None else VOTES, UNKNOWN, CONTROLLER_NAME),
        IN_CHARGE: (MANAGER, DIRECT, IN_CHARGE_NAME),
        UNSPECIFIED: (NOT_KNOWN, UNKNOWN, None),
    }
    kind, directly, named = forms[one.relation]
    yield from (("type", kind), ("directOrIndirect", directly))
    # Told of whom a source names as the actual controller, and of no firm.
    yield "beneficialOwnershipOrControl", one.relation == CONTROLLER and _is_opaque(one.party)
    if named:
        yield "details", named
    if one.share is not None:
        yield "share", {"exact": round(one.share * 100, 10)}
    if one.since:
        yield "startDate", one.since.isoformat()
    if one.until:
        yield "endDate", one.until.isoformat()


def _comment(text: str) -> Statement:
    return {"motivation": "commenting", "statementPointerTarget": "", "description": text}
