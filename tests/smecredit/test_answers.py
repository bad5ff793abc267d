"""The typed answers are what the document says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints, is_typeddict

import pytest

from smecredit import answers

ROOT = Path(__file__).parents[2]
SCHEMAS = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))["components"]["schemas"]
SHAPES = {name: shape for name, shape in vars(answers).items() if is_typeddict(shape)}
NO_ANSWER_OF_ITS_OWN = {"Job"}  # what three answers have in common
OTHER_NAMES = {"MeasureTerms": "MeasureOrder"}  # what is sent, not answered


@pytest.mark.parametrize("name", sorted(SHAPES.keys() - NO_ANSWER_OF_ITS_OWN))
def test_a_typed_answer_has_the_keys_of_its_schema(name: str) -> None:
    schema = SCHEMAS[OTHER_NAMES.get(name, name)]
    assert get_type_hints(SHAPES[name]).keys() == schema["properties"].keys()


def test_the_example_of_the_readme_passes_the_type_check(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    example = tmp_path / "example.py"
    example.write_text("api_key = 'smc_...'\n" + "\n".join(blocks), encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(ROOT / ".mypy_cache"), str(example)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert 'score["reasons"]' in example.read_text("utf-8")
    assert checked.returncode == 0, checked.stdout
