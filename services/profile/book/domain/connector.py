"""A connector: a small declared mapping from one source's columns, values and units to ours; data, not code.

Several titles for one of our columns are alternatives, those preferred first, so that one declaration serves the
layouts of one source. An `open` one leaves out columns that it does not know instead of refusing the file. `made`
columns are made up where the file has none: the serial of a statement's line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chassis.core.errors import Invalid
from services.profile.book.domain.columns import ALWAYS, KINDS
from services.profile.book.domain.dataset import Column
from services.profile.book.domain.form import CURRENCY, Form
from services.profile.book.domain.split import Split

UNITS = ("yuan", "wan", "fen")
KEYS = frozenset(
    {"kind", "title", "about", "reference", "columns", "ignored", "units", "dates", "values", "constants", "split"}
    | {"open", "made"}
)
SPLIT_KEYS = frozenset({"amount", "by", "titles", "signed", "above", "below", "sides"})


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
    if strange or base is None or not base.columns:
        raise BrokenConnector(
            f"{name}: unknown keys {sorted(strange)}, or no kind of records: {declared.get('kind')!r}"
        )
    own = {column.name: column for column in (*(base.dataset.columns if base.dataset else ()), *base.columns)}
    columns: Mapping[str, str] = declared["columns"]
    split = _split(declared.get("split"))
    constants = {**base.constants, **declared.get("constants", {})}
    made = frozenset(declared.get("made", ()))
    spoken = {*columns.values(), *constants, *made, *declared.get("units", {}), *declared.get("dates", {})}
    halves = (split.amount, split.by, *split.sides) if split else ()
    _all_known(name, {*spoken, *declared.get("values", {}), *halves}, own)
    if split is not None and not (split.titles or split.signed):
        raise BrokenConnector(f"{name}: a split amount stands under titles or signed; there are none")
    theirs = [_column(column, columns, declared) for column in own.values() if column not in ALWAYS]
    kept = [column for column in theirs if column.titles or column.required or column.name in halves]
    form = replace(
        base,
        columns=(*(replace(one, required=False, filled=False) if one.name in made else one for one in kept), *ALWAYS),
        constants=constants,
        ignored=None if declared.get("open") else frozenset(declared.get("ignored", ())),
        split=split,
        either=frozenset(ours for ours, count in Counter(columns.values()).items() if count > 1) | {CURRENCY.name},
        made=made,
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
    """Return how an amount is divided: one title or several for each column that holds a part of it."""
    if declared is None:
        return None
    if strange := set(declared) - SPLIT_KEYS:
        raise BrokenConnector(f"split: unknown keys {sorted(strange)}")
    return Split(
        declared["amount"],
        declared["by"],
        {value: _several(titles) for value, titles in declared.get("titles", {}).items()},
        _several(declared.get("signed", ())),
        declared.get("above", "in"),
        declared.get("below", "out"),
        {
            ours: {value: _several(titles) for value, titles in by.items()}
            for ours, by in declared.get("sides", {}).items()
        },
    )


def _several(titles: str | Sequence[str]) -> tuple[str, ...]:
    return (titles,) if isinstance(titles, str) else tuple(titles)


def _all_known(name: str, spoken: set[str], own: Mapping[str, Column]) -> None:
    if unknown := sorted(spoken - set(own)):
        raise BrokenConnector(f"{name}: no such columns of ours: {', '.join(unknown)}")
