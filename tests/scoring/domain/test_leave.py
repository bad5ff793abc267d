"""Leave is the profile service's word: read from the code, since no type can say who may write a name."""

from __future__ import annotations

import ast
from inspect import Parameter, signature
from pathlib import Path

import pytest

from services import scoring
from services.scoring.api import shown
from services.scoring.domain.contest import Contest

ROOT = Path(scoring.__path__[0])


def callers(name: str) -> set[str]:
    """Return the modules of scoring in which something of this name is called."""
    return {str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py") if _calls(path, name)}


def _calls(path: Path, name: str) -> bool:
    calls = (node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))
    return any(name in {getattr(called, "id", None), getattr(called, "attr", None)} for called in calls)


@pytest.mark.parametrize("name", ["Leave", "Features"])
def test_only_the_client_of_the_profile_service_makes_what_opens_a_file(name: str) -> None:
    """Leave to show what is stored, and features that were read: each stands for an answer of that service."""
    assert callers(name) == {"clients.py"}


def test_a_score_is_shown_with_a_contest_and_a_contest_names_what_opened_the_file() -> None:
    """Neither has a default, so that the types find a stored score that is shown without leave."""
    contest, opened_by = (
        signature(made).parameters[name] for made, name in ((shown.score, "contest"), (Contest, "opened_by"))
    )
    assert (contest.annotation, opened_by.annotation) == ("Contest", "Leave | Features")
    assert contest.default is opened_by.default is Parameter.empty
