"""A connector: a small declared mapping from one source's columns, values and units to ours; data, not code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chassis.core.errors import Invalid
from services.profile.book.domain.columns import BESIDE, KINDS, Form, Split
from services.profile.book.domain.dataset import Column

UNITS = ("yuan", "wan", "fen")
KEYS = frozenset(
    {"kind", "title", "about", "reference", "columns", "ignored", "units", "dates", "values", "constants", "split"}
)


class UnknownConnector(Invalid):
    """No connector has this name, or it is for another kind."""


class BrokenConnector(Exception):
    """The declaration contradicts itself or the kind that it is for: a fault of the data shipped, found at start."""


@dataclass(frozen=True, slots=True)
class Connector:
    """One source's layout. `columns` gives our name for each of theirs; `form` is how their files are read."""

    name: str
    title: Mapping[str, str]
    about: str
    reference: str
    columns: Mapping[str, str]
    form: Form
    units: Mapping[str, str] = field(default_factory=dict)


def connector(name: str, declared: Mapping[str, Any]) -> Connector:
    """Return a connector from its declaration; raise `BrokenConnector` naming what is wrong with it."""
    strange = set(declared) - KEYS
    base = KINDS.get(declared.get("kind", ""))
    if strange or base is None or base.dataset is None:
        raise BrokenConnector(
            f"{name}: unknown keys {sorted(strange)}, or no kind of records: {declared.get('kind')!r}"
        )
    own = {column.name: column for column in (*base.dataset.columns, *base.columns)}
    columns: Mapping[str, str] = declared["columns"]
    split = _split(declared.get("split"))
    constants = {**base.constants, **declared.get("constants", {})}
    spoken = {*columns.values(), *constants, *declared.get("units", {}), *declared.get("dates", {})}
    _all_known(name, {*spoken, *declared.get("values", {}), *((split.amount, split.by) if split else ())}, own)
    theirs = [_column(column, columns, declared) for column in own.values() if column not in BESIDE]
    form = replace(
        base,
        columns=(*(column for column in theirs if column.titles or column.required), *BESIDE),
        constants=constants,
        ignored=frozenset(declared.get("ignored", ())),
        split=split,
    )
    return Connector(
        name,
        declared["title"],
        declared.get("about", ""),
        declared.get("reference", ""),
        columns,
        form,
        declared.get("units", {}),
    )


def _column(own: Column, columns: Mapping[str, str], declared: Mapping[str, Any]) -> Column:
    """Return our column as this source writes it: only under its titles, with its values, unit and dates."""
    ours = own.name
    titles = tuple(title for title, target in columns.items() if target == ours)
    values = declared.get("values", {}).get(ours)
    unit = declared.get("units", {}).get(ours, "yuan")
    if unit not in UNITS:
        raise BrokenConnector(f"{ours}: the unit {unit!r} is none of {', '.join(UNITS)}")
    return replace(
        own, titles=titles, choices=values or own.choices, unit=unit, form=declared.get("dates", {}).get(ours)
    )


def _split(declared: Mapping[str, Any] | None) -> Split | None:
    return Split(declared["amount"], declared["by"], declared["titles"]) if declared else None


def _all_known(name: str, spoken: set[str], own: Mapping[str, Column]) -> None:
    if unknown := sorted(spoken - set(own)):
        raise BrokenConnector(f"{name}: no such columns of ours: {', '.join(unknown)}")
