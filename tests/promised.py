"""What the OpenAPI document's own tester asks of an answer, asked once more of what each other caller is answered.

The tester loads this by `SCHEMATHESIS_HOOKS`. To work out its requests costs it as much as to send them, so they are
worked out once. The others are in `PROMISED_OTHERS`: the name of each and its headers, as JSON.
"""

from __future__ import annotations

import json
import os

import requests
from schemathesis import Case, CheckContext, Response, check
from schemathesis.checks import CHECKS

PROMISES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
OTHERS: dict[str, dict[str, str]] = json.loads(os.environ.get("PROMISED_OTHERS", "{}"))
# The document promises no time: on a busy machine an answer may take longer than the ten seconds that the tool waits.
PATIENCE_SECONDS = 60
SESSION = requests.Session()


@check
def kept_to_others(ctx: CheckContext, _response: Response, case: Case) -> bool | None:
    """Send the request as each of the others, and ask the same of each answer."""
    for who, headers in OTHERS.items():
        answer = case.call(session=SESSION, headers=headers, timeout=PATIENCE_SECONDS)
        try:
            for promise in PROMISES:
                CHECKS.get_one(promise)(ctx, answer, case)
        except AssertionError as broken:
            raise AssertionError(f"sent by the {who}: {broken}") from broken
    return None
