"""Who is meant by a record of a person or an entity: an enterprise by its code, others by what names them best."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from services.profile.book.domain.bods.shape import KNOWN_PERSON
from services.profile.standards.codes import NotAnEnterpriseId, enterprise_id, uscc_fault

# How we name what the standard's list of registers (org-id.guide) does not: see `outward`.
CODE_NAME, LOCAL_NAME, HASH_NAME = (
    "统一社会信用代码 Unified Social Credit Code (GB 32100-2015)",
    "smecredit local code",
    "smecredit keyed hash",
)
CODE_LENGTH = 18
UNFIT = re.compile(r"[\s:/?#%\x00-\x1f]+")
# What stands for a party of which nothing is said but that there is one: its record, which two files may share.
RECORD = "bods record "


def enterprise_of(details: Mapping[str, Any]) -> str | None:
    """Return the id of the enterprise that an entity's record describes; None where no identifier gives one.

    A credit code comes first; a code of another register is local to the book, written with its scheme.
    """
    found = list(_identifiers(details))
    for scheme, code in found:
        bare = code.strip().upper()
        if len(bare) == CODE_LENGTH and (scheme.startswith("CN") or scheme == CODE_NAME) and not uscc_fault(bare):
            return f"uscc:{bare}"
    for scheme, code in found:
        written = code if scheme == LOCAL_NAME else f"{scheme}-{code}"
        try:
            return enterprise_id("local:" + UNFIT.sub("-", written))
        except NotAnEnterpriseId:
            continue
    return None


def party_of_entity(record: str, details: Mapping[str, Any]) -> str:
    """Return an entity as a party: its id, else its name, else its record."""
    return enterprise_of(details) or details.get("name") or RECORD + record


def party_of_person(record: str, details: Mapping[str, Any]) -> str:
    """Return a person as a party: an identifier, else the name with the day of birth, else the record.

    The same name without a day of birth may be another person's, so that each is told by all that is said.
    """
    for _, code in _identifiers(details):
        return code
    if details["personType"] == KNOWN_PERSON:
        names = sorted(details.get("names", ()), key=lambda one: one.get("type") != "legal")
        for name in names:
            return " ".join(filter(None, (name["fullName"], details.get("birthDate"))))
    return RECORD + record


def _identifiers(details: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in details.get("identifiers", ()):
        code = one.get("id")
        if isinstance(code, str) and code:
            yield str(one.get("scheme") or one["schemeName"]), code
