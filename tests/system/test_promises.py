"""What the OpenAPI document promises is what the suite answers, whoever asks and whatever is sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from demonstrations import Demonstration
from town import Town, open_town

pytest.importorskip("schemathesis", reason="pip install schemathesis")
from promised import PATIENCE_SECONDS, PROMISES

TESTS = Path(__file__).parents[1]

# Without rounds of the collector, which find next to nothing and cost a fifth of its time: it takes 0.3 GB.
COMMAND = (sys.executable, "-c", "import gc; gc.disable(); from schemathesis.cli import schemathesis; schemathesis()")
OPTIONS = f"""
    --checks {",".join((*PROMISES, "kept_to_others"))} --phases examples,fuzzing --max-examples 6
    --generation-deterministic --no-shrink --continue-on-failure --warnings off --suppress-health-check all
    --request-timeout {PATIENCE_SECONDS}
""".split()
FIRST, *OTHERS = "bank with consent", "operator", "owner"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, demonstration: Demonstration) -> Iterator[Town]:
    """Return a suite of this module alone: an operator's made-up requests end keys that others come with.

    Nobody works off the trainings that are ordered by the way: no promise tells of what comes of one.
    """
    folder = tmp_path_factory.mktemp("town")
    with open_town(folder, demonstration.home, SCORING_WORKERS="trainings=0") as running:
        yield running


def test_no_request_breaks_a_service_or_the_document(town: Town, tmp_path: Path) -> None:
    """Made-up requests to every route by everybody, right and wrong ones: each answer is a documented one."""
    credential = f"Authorization: {town.headers[FIRST]['Authorization']}"
    command = [*COMMAND, "run", f"{town.url}/openapi.json", "--header", credential, *OPTIONS]
    others = {who: {"Authorization": town.headers[who]["Authorization"]} for who in OTHERS}
    asked = {"SCHEMATHESIS_HOOKS": "promised", "PROMISED_OTHERS": json.dumps(others), "PYTHONPATH": str(TESTS)}
    environment = {**os.environ, **asked}
    told = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout
