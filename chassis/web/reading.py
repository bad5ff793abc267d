"""How a request is read: JSON with each name once, and text that every store can hold, wherever it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import IO, Any, NoReturn, cast

import flask
from webargs import core
from webargs.flaskparser import FlaskParser, is_json_request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.formparser import FormDataParser

from chassis.core.problems import fields_refused

# An escape that may be half of a pair or a NUL: whatever else JSON holds, UTF-8 and databases hold too.
SUSPECT = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
HALF = re.compile("[\ud800-\udfff]")
NUL = "\0"
UNHELD = "must not hold a NUL character or half a character (a lone surrogate) / 不得含空字符或残缺字符"
# Our own documents nest ten deep; what is written anew from JSON, by recursion too, bears a few hundred.
DEEPEST = 64
DEEP = f"must not nest lists and objects more than {DEEPEST} deep / 嵌套不得超过{DEEPEST}层"
TWICE = "a name stands twice in one object / 同一对象中字段名重复"
# A number as text: no exponent, no underscores, no blanks, no other script's digits, all of which Python would read.
PLAIN = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
# What every database holds as a whole number.
WHOLE = re.compile(r"[0-9]{1,18}")
# The longest that a caller may say to wait, in milliseconds; no answer here takes as long.
MOST_PATIENCE_MS = 3_600_000
Place = tuple[str | int, ...]


def loads(body: str | bytes) -> Any:
    """Return what JSON text says.

    Raises `Invalid` where it names something twice, nests deeper than `DEEPEST` or holds text that nobody can store, a
    `ValueError` where it is no JSON.
    """
    text = body if isinstance(body, str) else body.decode()
    try:
        said = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError:
        raise
    except (RecursionError, ValueError):
        # Nested deeper, or with a number longer, than anything that is meant.
        raise json.JSONDecodeError("beyond all measure", " ", 0) from None
    if text.count("[") + text.count("{") > DEEPEST and _deep(said):
        raise fields_refused({"_schema": [DEEP]})
    if SUSPECT.search(text):
        for place in _unheld(said, ()):
            _refuse(place)
    return said


def whole(text: str) -> int | None:
    """Return the whole number that a parameter or a header states in plain digits, None where it states none.

    >>> whole("12"), whole("٣"), whole("1e3"), whole("9" * 30)
    (12, None, None, None)
    """
    return int(text) if WHOLE.fullmatch(text) else None


def check_address(environ: Mapping[str, Any]) -> None:
    """Raise `BadRequest` where the path or the query holds a NUL character."""
    if NUL in environ.get("PATH_INFO", "") or "%00" in environ.get("QUERY_STRING", ""):
        raise BadRequest("A path or query must not hold a NUL character.")


def patience_given(environ: Mapping[str, Any]) -> float | None:
    """Return how long the caller waits by `X-Timeout-Ms`, in seconds; None where that says nothing that is meant."""
    milliseconds = whole(environ.get("HTTP_X_TIMEOUT_MS", ""))
    return milliseconds / 1000 if milliseconds and milliseconds <= MOST_PATIENCE_MS else None


def check_patience(environ: Mapping[str, Any]) -> None:
    """Raise `BadRequest` where `X-Timeout-Ms` is sent and no number of its range."""
    if "HTTP_X_TIMEOUT_MS" in environ and patience_given(environ) is None:
        raise BadRequest(f"X-Timeout-Ms must be a whole number of milliseconds from 1 to {MOST_PATIENCE_MS}.")


class Parser(FlaskParser):
    """Parses the arguments of endpoints; a body as everything here reads JSON, none that says it is another thing."""

    def _raw_load_json(self, req: flask.Request) -> Any:
        body = req.get_data(cache=True)
        if body and not is_json_request(req):
            raise UnsupportedMediaType("Send the body as JSON, with Content-Type: application/json.")
        return loads(body) if is_json_request(req) else core.missing


class Forms(FormDataParser):
    """Parses forms, whose text obeys the same rule."""

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, Any]]:
        """Return the stream, the form's values and its files."""
        rest, form, files = super().parse(stream, mimetype, content_length, options)
        for name, value in form.items(multi=True):
            if _bad(name) or _bad(value):
                _refuse((name,))
        return rest, form, files


class Request(flask.Request):
    """A request whose forms are read by this rule."""

    form_data_parser_class = Forms


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise fields_refused({"_schema": [TWICE]})
    return found


def _deep(said: Any) -> bool:
    """Tell whether lists and objects nest more than `DEEPEST` deep; level by level, for recursion has an end."""
    level = [said] if isinstance(said, dict | list) else []
    for _ in range(DEEPEST):
        within = chain.from_iterable(each.values() if isinstance(each, dict) else each for each in level)
        level = [each for each in within if isinstance(each, dict | list)]
        if not level:
            return False
    return True


def _unheld(said: Any, place: Place) -> Iterator[Place]:
    """Yield where text stands that nobody can store."""
    if isinstance(said, str):
        if _bad(said):
            yield place
    elif isinstance(said, list):
        for number, each in enumerate(said):
            yield from _unheld(each, (*place, number))
    elif isinstance(said, dict):
        for name, each in said.items():
            if _bad(name):
                yield (*place, name)
            yield from _unheld(each, (*place, name))


def _bad(text: str) -> bool:
    return NUL in text or HALF.search(text) is not None


def _refuse(place: Place) -> NoReturn:
    messages: Any = [UNHELD]
    for part in reversed(place or ("_schema",)):
        messages = {part: messages}
    raise fields_refused(cast("Mapping[str, Any]", messages))
