"""A connector as its sender declares it: held to more than a shipped one, since nobody reads it before it serves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from services.profile.book.domain.connector import BrokenConnector, Connector, connector
from services.profile.book.domain.dataset import Column
from services.profile.book.domain.form import Form

# Of one's own; a version is named after the @ that no name has.
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
# What a date is made of: year, month and day, each once, a time of day after them, and signs between.
DATE_FORM = re.compile(r"(?=.*%Y)(?=.*%m)(?=.*%d)(%[YmdHMS]|%\.f|[^%]){3,40}")
OPTIONAL = frozenset({"enterprise"})  # an import may name it beside the file


def declared(name: str, document: Mapping[str, Any]) -> Connector:
    """Return the connector that a sender declares; raise `BrokenConnector` with the field and what is wrong."""
    if not NAME.fullmatch(name):
        raise BrokenConnector("name: 1 to 60 of a-z, 0-9 and -, a letter or digit first")
    made = connector(name, document)
    own = {column.name: column for column in (made.form.dataset.columns if made.form.dataset else ())}
    own |= {column.name: column for column in made.form.columns}
    for fault in (*_words(document, own), *_dates(document, own), *_missing(made.form)):
        raise BrokenConnector(fault)
    return made


def _words(document: Mapping[str, Any], own: Mapping[str, Column]) -> Iterator[str]:
    """Give the values that are mapped to words which we do not have."""
    for name, words in document.get("values", {}).items():
        known = sorted(set((_choices(name, document)).values()))
        if not known:
            yield f"values.{name}: {name} has no list of values"
        if strange := sorted(set(words.values()) - set(known)):
            yield f"values.{name}: {', '.join(strange)} is none of {', '.join(known)}"
    for name, word in document.get("constants", {}).items():
        choices = _choices(name, document)
        if choices and word not in {*choices, *choices.values()}:
            yield f"constants.{name}: {word} is none of {', '.join(sorted(set(choices.values())))}"


def _choices(name: str, document: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the words of a column as its kind has them, whatever the declaration makes of them."""
    plain = {key: document[key] for key in ("kind", "columns") if key in document}
    form = connector("plain", {**plain, "title": {}}).form
    columns = (*(form.dataset.columns if form.dataset else ()), *form.columns)
    return next((column.choices for column in columns if column.name == name and column.choices), {})


def _dates(document: Mapping[str, Any], own: Mapping[str, Column]) -> Iterator[str]:
    for name, form in document.get("dates", {}).items():
        if name in own and own[name].reads not in {"date", "day"}:
            yield f"dates.{name}: {name} is no date"
        if not DATE_FORM.fullmatch(form):
            yield f"dates.{name}: {form} is no form of dates; write it with %Y, %m and %d, as in %d.%m.%Y"


def _missing(form: Form) -> Iterator[str]:
    """Give the columns of ours without which no row of the kind can be booked."""
    told = {*form.constants, *OPTIONAL, *((form.split.amount, form.split.by) if form.split else ())}
    named = {column.name for column in form.columns if column.titles}
    if lacking := [column.name for column in form.lacking({*told, *named})]:
        yield f"columns: none is {', '.join(lacking)}, which the kind {form.kind} needs"
