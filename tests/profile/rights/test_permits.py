"""Permits: who makes them, that none is thrown away, and that the docs tell each reason for reading everything."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from services.profile.book.domain.permit import Permit, Why, Window, issue, joined

SERVICE = Path(__file__).parents[3] / "services" / "profile"
DOCS = Path(__file__).parents[3] / "docs"
OPENS = frozenset(
    {
        "open_file",
        "open_files",
        "open_each",
        "open_days",
        "open_some",
        "open_again",
        "open_at",
        "open_alert",
        "open_step",
        "open_one",
        "open_within",
        "one",
        "some",
        "issue",
    }
)


def calls(names: frozenset[str]) -> Iterator[tuple[str, ast.Call, ast.stmt]]:
    """Yield where these functions are called: the file, the call, and the statement that it stands in."""
    for path in sorted(SERVICE.rglob("*.py")):
        for node, statement in _all_calls(path):
            if _name(node.func) in names:
                yield str(path.relative_to(SERVICE)), node, statement


@cache
def _all_calls(path: Path) -> list[tuple[ast.Call, ast.stmt]]:
    """Return all calls of a file, each with the statement that it stands in."""
    return [
        (node, statement)
        for statement in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(statement, ast.stmt)
        for field in ast.iter_child_nodes(statement)
        if not isinstance(field, ast.stmt)
        for node in ast.walk(field)
        if isinstance(node, ast.Call)
    ]


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _alone(call: ast.Call, statement: ast.stmt) -> bool:
    """Tell whether a call is a whole statement, so that nobody holds what it returns."""
    return isinstance(statement, ast.Expr) and statement.value is call


def test_only_the_door_issues_permits() -> None:
    """A permit's own parts aside: what stands in its module makes smaller or joined ones of what is there."""
    places = {path for path, _, _ in calls(frozenset({"issue"}))}
    assert places == {"rights/usecases/open_file.py", "book/domain/permit.py"}


def test_nobody_makes_a_permit_by_its_class() -> None:
    """Neither by calling it nor past its constructor."""
    with pytest.raises(TypeError, match="open_file"):
        Permit()
    places = {path for path, _, _ in calls(frozenset({"Permit", "__new__"}))}
    assert places == {"book/domain/permit.py"}


def test_only_the_door_and_its_steps_open_a_file_before_the_read_is_on_record() -> None:
    """Both put it there before their transaction ends; whoever else opened so could show a file and leave no record."""
    places = {path for path, _, _ in calls(frozenset({"open_one", "open_within"}))}
    assert places == {"rights/usecases/open_file.py", "rights/usecases/open_steps.py"}


def test_no_permit_is_thrown_away() -> None:
    """An answer that nobody holds would be a consent asked for form's sake: what is shown needs it."""
    found = list(calls(OPENS))
    thrown = [f"{path}:{call.lineno}" for path, call, statement in found if _alone(call, statement)]
    assert len(found) > len(OPENS)
    assert thrown == []


def test_the_walk_above_sees_a_permit_that_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test can fail: this is how three leaks came about."""
    (tmp_path / "leak.py").write_text("def show():\n    with begin() as c:\n        open_file(c)\n    return rows()\n")
    monkeypatch.setattr(f"{__name__}.SERVICE", tmp_path)
    [(path, call, statement)] = calls(OPENS)
    assert (path, call.lineno, _alone(call, statement)) == ("leak.py", 3, True)


def test_every_reason_for_reading_everything_is_told_in_the_docs() -> None:
    told = (DOCS / "architecture.md").read_text("utf-8")
    assert [why for why in Why if f"`{why}`" not in told] == []


def test_a_permit_shows_the_days_of_its_windows_and_no_others() -> None:
    permit = issue({"E1": (Window(date(2020, 1, 1), date(2020, 1, 31)), Window(last=date(2019, 6, 30)))})
    shown = [date(2019, 6, 30), date(2019, 7, 1), date(2020, 1, 15), date(2020, 2, 1)]
    assert [permit.shows("E1", day) for day in shown] == [True, False, True, False]
    assert not permit.shows("E2", date(2020, 1, 15))


def test_a_smaller_permit_opens_no_file_that_the_larger_did_not() -> None:
    permit = issue({"E1": (Window(),), "E2": (Window(),)})
    assert permit.only({"E2", "E3"}).enterprises == ("E2",)


def test_only_the_book_and_acts_on_files_reach_into_the_lakes() -> None:
    """Portrait and watch read by `gather` and `scan`, which take a permit or a declared reason."""
    reaching = re.compile(r"\.lakes\[|\.lake\.(scan|read)\b")
    wings = (SERVICE / wing for wing in ("portrait", "watch"))
    found = [path for wing in wings for path in wing.rglob("*.py") if reaching.search(path.read_text("utf-8"))]
    assert found == []


def test_a_joined_permit_opens_what_its_parts_open_and_no_more() -> None:
    """Not a file that none has, and of no file a day that only another file's window shows."""
    early, late = Window(last=date(2019, 6, 30)), Window(first=date(2020, 1, 1))
    parts = [issue({"E1": (early,)}), issue({"E2": (late,)}), issue({"E1": (late,)}, withheld=3)]
    both = joined(parts)
    days = [date(2019, 6, 30), date(2019, 7, 1), date(2020, 1, 1)]
    assert both.enterprises == ("E1", "E2")
    for name in ("E1", "E2", "E3"):
        assert [both.shows(name, day) for day in days] == [any(p.shows(name, day) for p in parts) for day in days]
    assert joined([]).enterprises == ()
