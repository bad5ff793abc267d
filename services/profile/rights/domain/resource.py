"""What a consent opens: one table of purpose, field and resource (`resources.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from services.profile.rights.domain.consent import Field, Purpose
from services.profile.standards.text import Text


class Resource(StrEnum):
    """What can be read of a file; the record of a read names it so."""

    ENTERPRISE = "enterprise"
    FEATURES = "features"
    FEATURE_SET = "feature-set"
    PORTRAIT = "portrait"
    EVIDENCE = "evidence"
    LATE_PAYMENTS = "late-payments"
    CROSS_CHECKS = "cross-checks"
    SIGNALS = "signals"
    ALERTS = "alerts"
    ALERT = "alert"
    MEASURES = "measures"
    GRAPH = "graph"
    GRAPH_SET = "graph-set"
    CONTROL = "control"
    RINGS = "rings"
    SHOCK = "shock"
    BIDDER_SCREEN = "bidder-screen"
    SUPPLIER_RECORD = "supplier-record"
    CLASS = "class"
    NEW_SCORE = "new-score"
    SCORE = "score"
    OWN_SCORES = "own-scores"
    MATCH = "match"
    STORED_MATCH = "stored-match"
    APPLICATION = "application"
    ACCEPTANCE = "acceptance"


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a resource is read."""

    title: Text
    fields: frozenset[Field]
    purposes: tuple[Purpose, ...]
    recorded: bool = True
    counted: bool = True
    records: bool = False


@cache
def table() -> Mapping[Resource, Terms]:
    """Return the whole table.

    Raises `ValueError` where it names a resource, field or purpose that there is not, `KeyError` where it lacks one.
    """
    said = tomllib.loads((files(__package__) / "resources.toml").read_text("utf-8"))
    if unknown := said.keys() - set(Resource):
        raise ValueError(f"resources.toml names what there is not: {', '.join(sorted(unknown))}")
    return {resource: _terms(said[resource]) for resource in Resource}


def title_of(what: str) -> Text:
    """Return what a person would call a read, by what its record says; a word of another time stands for itself."""
    key = what.partition("/")[0]
    return table()[Resource(key)].title if key in set(Resource) else Text(key, key)


def uncounted() -> frozenset[Resource]:
    """Return the resources whose reads use up none of those that a consent limits."""
    return frozenset(resource for resource, terms in table().items() if not terms.counted)


def _terms(said: Mapping[str, Any]) -> Terms:
    zh, en = said["title"]
    fields, purposes = frozenset(map(Field, said["fields"])), tuple(map(Purpose, said["purposes"]))
    told = {name: said[name] for name in ("recorded", "counted", "records") if name in said}
    return Terms(Text(zh, en), fields, purposes, **told)
