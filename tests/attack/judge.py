"""What an answer must keep to: no server error, what the document says of it, and nothing of another party."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import unquote

from documented import document
from jsonschema_rs import Draft202012Validator  # schemathesis brings it

PROBLEM = "application/problem+json"
NOT_MODIFIED, ERROR, SERVER_ERROR = 304, 400, 500
# A service says by its name that it has nothing to answer with yet, or that it is full.
SAID = frozenset({"/problems/no-serving-model", "/problems/queue-full", "/problems/peers-under-way"})


def broken(
    method: str, path: str, status: int, content_type: str, body: bytes, *, said: frozenset[str] = SAID
) -> str | None:
    """Return what an answer does that the document does not promise; None where it keeps to it."""
    kind = content_type.partition(";")[0].strip().lower()
    if status >= SERVER_ERROR and not (kind == PROBLEM and json.loads(body).get("type") in said):
        return f"server error {status}"
    if status == NOT_MODIFIED and not body:
        return None  # HTTP's own answer to `If-None-Match`
    responses = document()["paths"][path][method.lower()]["responses"]
    documented = responses.get(str(status)) or (responses.get("default") if status >= ERROR else None)
    if documented is None:
        return f"status {status} is not documented"
    if "$ref" in documented:
        documented = document()["components"]["responses"][documented["$ref"].rsplit("/", 1)[-1]]
    content = documented.get("content", {})
    if not content:
        return f"{status} has a body" if body else None
    if kind not in content:
        return f"{status} as {kind or 'nothing'}, not {' or '.join(content)}"
    return _unlike(method, path, status, kind, content[kind].get("schema"), body)


def _unlike(method: str, path: str, status: int, kind: str, schema: Any, body: bytes) -> str | None:
    if not schema or "json" not in kind or kind == "application/jsonl":
        return None
    validator = _validator(json.dumps(schema, sort_keys=True))
    if error := next(validator.iter_errors(json.loads(body)), None):
        where = "/".join(map(str, error.instance_path))
        return f"{status} unlike its schema at {where!r}: {error.message[:200]}"
    return None


@cache
def _validator(schema: str) -> Draft202012Validator:
    whole = {**json.loads(schema), "components": {"schemas": document()["components"]["schemas"]}}
    return Draft202012Validator(whole)


def foreign(canaries: Mapping[str, Sequence[str]], who: str, sent: str, body: bytes) -> str | None:
    """Return what of another party's an answer holds and the request has not named; None where there is nothing.

    `canaries` are by whose they are the texts that nobody else may be told: here all but those of `who`.
    """
    text = body.decode("utf-8", "replace")
    named = sent + unquote(sent)
    for owner, theirs in canaries.items():
        if owner != who:
            for found in _any_of(tuple(theirs)).findall(text):
                if found not in named:
                    return f"{found!r}, which is {owner}'s"
    return None


@cache
def _any_of(canaries: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds one of them that stands for itself: a number is none that is a part of another."""
    return re.compile(f"(?<![0-9A-Za-z.])(?:{'|'.join(map(re.escape, canaries))})(?![0-9A-Za-z])")
