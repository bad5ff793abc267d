"""Leave to show something stored is made where the profile service answers, and nowhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import services.matching

ROOT = Path(services.matching.__file__).parent


def makers(source: str) -> Iterator[str]:
    """Return each place where a module makes leave, or gives the class a name under which it could."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rsplit(".", 1)[-1]
            if called == "Leave":
                yield called
        elif isinstance(node, ast.alias) and node.name == "Leave" and node.asname:
            yield f"another name for it: {node.asname}"


def test_only_the_client_of_profile_makes_leave() -> None:
    """Whoever else needs it has to ask."""
    found = {str(file.relative_to(ROOT)) for file in ROOT.rglob("*.py") if any(makers(file.read_text("utf-8")))}
    assert found == {"clients.py"}


def test_leave_under_another_name_is_found() -> None:
    """The test above would see through it."""
    assert list(makers("from services.matching.domain.leave import Leave as L\nL(())"))
    assert list(makers("from services.matching.domain import leave\nleave.Leave(())"))
    assert not list(makers("from services.matching.domain.leave import Leave\ndef show(leave: Leave): ..."))
