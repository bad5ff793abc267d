"""Statements of beneficial ownership for tests, and the standard's own schema as their judge."""

from __future__ import annotations

import csv
import json
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from services.profile.book.domain.bods.shape import PERSON_TYPES, SUBTYPES

PARTS = ("components", "entity-record", "person-record", "relationship-record", "statement")


@cache
def folder() -> Path:
    """Return where the official schema of 0.4 lies: data of a library none of whose code is run."""
    return Path(str(distribution("libcovebods").locate_file("libcovebods/data/schema-0-4-0")))


@cache
def judge() -> Draft202012Validator:
    """Return the validator of a package of statements."""
    parts = {name: json.loads((folder() / f"{name}.json").read_text("utf-8")) for name in PARTS}
    registry = Registry().with_resources((each["$id"], Resource.from_contents(each)) for each in parts.values())
    return Draft202012Validator(parts["statement"], registry=registry, format_checker=FormatChecker())


def codes(name: str) -> list[str]:
    """Return a code list of the standard."""
    with (folder() / "codelists" / f"{name}.csv").open(encoding="utf-8") as file:
        return [row["code"] for row in csv.DictReader(file)]


def statement(kind: str, record: str, **details: Any) -> dict[str, Any]:
    """Return a statement of a record."""
    return {
        "statementId": f"{record}-{'0' * 40}"[:40],
        "declarationSubject": "firm",
        "statementDate": "2026-03-31",
        "recordId": record,
        "recordStatus": "new",
        "recordType": kind,
        "recordDetails": {"isComponent": False, **details},
    }


def entity(record: str, code: str | None = None, **details: Any) -> dict[str, Any]:
    """Return a statement of an entity with a code of the British register."""
    known = {"identifiers": [{"scheme": "GB-COH", "id": code}]} if code else {}
    form = {"type": next(iter(SUBTYPES))}
    return statement("entity", record, **{"entityType": form, **known, **details})


def person(record: str, **details: Any) -> dict[str, Any]:
    """Return a statement of a person."""
    return statement("person", record, **{"personType": PERSON_TYPES[0], **details})


def relationship(*interests: dict[str, Any], record: str = "tie", of: str = "owner", **details: Any) -> dict[str, Any]:
    """Return a statement of a relationship of an owner with a firm."""
    told = {"subject": "firm", "interestedParty": of, "interests": list(interests)}
    return statement("relationship", record, **{**told, **details})
