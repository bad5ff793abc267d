"""What the OpenAPI document promises is what the suite answers, whoever asks and whatever is sent."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from demonstrations import Demonstration
from town import Town, open_town

# Without rounds of the collector, which find next to nothing and cost a fifth of its time: it takes 0.3 GB.
COMMAND = (sys.executable, "-c", "import gc; gc.disable(); from schemathesis.cli import schemathesis; schemathesis()")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
# The document promises no time: on a busy machine an answer may take longer than the ten seconds that the tool waits.
OPTIONS = f"""
    --checks {",".join(CHECKS)} --phases examples,fuzzing --max-examples 6 --generation-deterministic --no-shrink
    --continue-on-failure --warnings off --suppress-health-check all --request-timeout 60
""".split()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, demonstration: Demonstration) -> Iterator[Town]:
    """Return a suite of this module alone: an operator's made-up requests end keys that others come with.

    Nobody works off the trainings that are ordered by the way: no promise tells of what comes of one.
    """
    folder = tmp_path_factory.mktemp("town")
    with open_town(folder, demonstration.home, SCORING_WORKERS="trainings=0") as running:
        yield running


@pytest.mark.parametrize("who", ["bank with consent", "operator", "owner"])
def test_no_request_breaks_a_service_or_the_document(town: Town, who: str, tmp_path: Path) -> None:
    """Made-up requests to every route, right and wrong ones: no server error, no answer that is not documented."""
    pytest.importorskip("schemathesis", reason="pip install schemathesis")
    credential = f"Authorization: {town.headers[who]['Authorization']}"
    command = [*COMMAND, "run", f"{town.url}/openapi.json", "--header", credential, *OPTIONS]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout
