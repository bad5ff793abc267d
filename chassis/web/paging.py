"""Lists by keyset: a page follows a key, so that rows inserted meanwhile neither repeat nor go missing."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import orjson
from flask import request
from sqlalchemy import ColumnElement, Integer, Select, String, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session
from werkzeug.exceptions import BadRequest

from chassis.core.errors import Invalid
from chassis.web.reading import loads, whole

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 500
# What a database's whole numbers hold.
LARGEST_BITS = 64
Row = TypeVar("Row")


class Unreadable(ValueError):
    """What a page follows is no key of a list."""


class Sliceable(Protocol):
    """A table or a list: it has a length, and parts of its own kind."""

    def __len__(self) -> int:
        """Return how many rows there are."""

    def __getitem__(self, part: slice, /) -> Any:
        """Return the rows of a slice."""


Rows = TypeVar("Rows", bound=Sliceable)

PARAMETERS: list[dict[str, Any]] = [
    {"in": "query", "name": "limit", "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT}},
    {
        "in": "query",
        "name": "cursor",
        "schema": {"type": "string"},
        "description": "`next` of the page before",
    },
]


def page(
    session: Session,
    query: Select[Any],
    key: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]],
    show: Callable[[Any], Row],
    *,
    newest_first: bool = False,
) -> dict[str, Any]:
    """Return `{"items", "next"}` of `query` in the order of `key`, as the request's `limit` and `cursor` say.

    `key` must be unique together and its values strings or numbers; `show` turns a row into JSON.
    """
    at_most = limit()
    after = _cursor(len(key))
    if after is not None and not all(_fits(part, value) for part, value in zip(key, after, strict=True)):
        raise _foreign()
    if after is not None:
        columns = tuple_(*key)
        query = query.where(columns < tuple_(*after) if newest_first else columns > tuple_(*after))
    ordered = query.add_columns(*key).order_by(*(part.desc() if newest_first else part.asc() for part in key))
    rows = session.execute(ordered.limit(at_most + 1)).all()
    more = len(rows) > at_most
    return {
        "items": [show(row[0]) for row in rows[:at_most]],
        "next": _encode(rows[at_most - 1][-len(key) :]) if more else None,
    }


def newest(find: Callable[[str | None, int], Sequence[Row]], key: Callable[[Row], str]) -> dict[str, Any]:
    """Return `{"items", "next"}` of rows from more than one place, the newest first, by one key that sorts by time.

    `find` gets the key that the page follows (None at first) and how many rows are wanted at most; it raises
    `Unreadable` where that is no key of its rows.
    """
    at_most, word = limit(), after()
    try:
        rows = find(word, at_most + 1)
    except Unreadable:
        raise _foreign() from None
    more = len(rows) > at_most
    return {"items": list(rows[:at_most]), "next": _encode([key(rows[at_most - 1])]) if more else None}


def sliced(rows: Rows, show: Callable[[Rows], list[dict[str, Any]]]) -> dict[str, Any]:
    """Return `{"items", "next"}` of rows in an order that stays: the cursor counts how many came before.

    For answers about one moment, whose rows never change; the client asks the next page with the same moment.
    """
    at_most, after = limit(), _cursor(1)
    start = after[0] if after else 0
    if not isinstance(start, int) or start < 0:
        raise _foreign()
    end = start + at_most
    return {"items": show(rows[start:end]), "next": _encode([end]) if len(rows) > end else None}


def after() -> str | None:
    """Return the word that the page follows, where the rows are found by a use case; None at first."""
    found = _cursor(1)
    if found is not None and not isinstance(found[0], str):
        raise _foreign()
    return None if found is None else found[0]


def following(word: str | None) -> str | None:
    """Return the cursor of the page that follows a word; None where there is none."""
    return None if word is None else _encode([word])


def limit() -> int:
    """Return how many rows the request wants at once."""
    wanted = whole(request.args.get("limit", str(DEFAULT_LIMIT)))
    if wanted is None or not 1 <= wanted <= LARGEST_LIMIT:
        raise BadRequest(f"limit must be a whole number from 1 to {LARGEST_LIMIT}.")
    return wanted


def _cursor(width: int) -> list[Any] | None:
    raw = request.args.get("cursor")
    if not raw:
        return None
    try:
        values = loads(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
    except (ValueError, Invalid):
        values = None
    if not isinstance(values, list) or len(values) != width or not all(map(_part, values)):
        raise _foreign()
    return values


def _foreign() -> BadRequest:
    return BadRequest("The cursor is not one of ours; take `next` of the page before, as it is.")


def _part(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < LARGEST_BITS
    )


def _fits(part: ColumnElement[Any] | InstrumentedAttribute[Any], value: Any) -> bool:
    """Tell whether a column can be compared with a value: PostgreSQL breaks off over text beside a number."""
    if isinstance(part.type, String):
        return isinstance(value, str)
    return not isinstance(part.type, Integer) or isinstance(value, int)


def _encode(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).rstrip(b"=").decode()
