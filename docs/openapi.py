"""Write the suite's public OpenAPI document from the code: `python docs/openapi.py [FILE]`.

It builds the four applications in this process, on databases in memory, so it needs nothing running. The contract
test compares the committed file with what this writes.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson
from flask import Flask

from gateway.app import own_api
from gateway.reference.openapi import OWN, merged_spec

FILE = Path(__file__).with_name("openapi.json")
SERVICES = ("profile", "scoring", "matching")


def document() -> dict[str, Any]:
    """Return the merged document as the code has it now."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["SMECREDIT_HOME"] = home
        specs = {name: _spec_of(name) for name in SERVICES}
    return merged_spec({**specs, OWN: own_api(Flask("gateway", static_folder=None)).document()})


def text(found: dict[str, Any]) -> bytes:
    """Return the document as it is committed: indented, so that a change reads as one."""
    return orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _spec_of(service: str) -> dict[str, Any]:
    app = importlib.import_module(f"services.{service}.app").create_app()
    found: dict[str, Any] = app.test_client().get("/openapi.json").get_json()
    return found


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    target.write_bytes(text(document()))
    sys.stdout.write(f"{target.name}: {target.stat().st_size:,} bytes\n")
