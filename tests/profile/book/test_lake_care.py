"""A lake is kept lean: what was replaced goes, and every moment reads as it did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable
from lake_writers import NOW, rows

from services.profile.book import fit, lake_care
from services.profile.book.fit import LakeForeign, Step
from services.profile.book.lake import CONFIGURATION, Lake
from services.profile.book.lake_care import Lean, tend


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(str(tmp_path / "lake"))
    lake.create()
    return lake


def add(lake: Lake, number: int) -> Step:
    return lake.append(rows(number), f"imp_{number}", {}, now=NOW).step


def files(lake: Lake) -> int:
    return len(list(Path(lake.url).rglob("*.parquet"))) - len(list(Path(lake.url, "_delta_log").glob("*.parquet")))


def told(lake: Lake, version: int) -> list[str]:
    return sorted(lake.read(version, without=())["number"])


def test_what_was_replaced_goes_and_every_moment_stays(lake: Lake) -> None:
    """Twice, with imports in between: three files become one, and each version reads as it did."""
    steps = [add(lake, number) for number in range(3)]
    assert tend(lake, hours=0) == Lean(joined=3, removed=3)
    assert files(lake) == 1
    steps += [add(lake, number) for number in range(3, 6)]
    assert tend(lake, hours=0) == Lean(joined=4, removed=4)
    assert files(lake) == 1
    for reader in (lake, Lake(lake.url)):
        assert [told(reader, step.version) for step in steps] == [
            [str(number) for number in range(upto + 1)] for upto in range(6)
        ]
    assert tend(lake, hours=0) == Lean(0, 0)


def test_an_import_is_still_found_by_its_id_and_comes_once(lake: Lake) -> None:
    steps = [add(lake, number) for number in range(3)]
    tend(lake, hours=0)
    assert lake.committed("imp_1").version == steps[1].version  # type: ignore[union-attr]
    lake.require(steps[-1])
    assert told(lake, lake.newest()) == ["0", "1", "2"]


def test_what_was_replaced_just_now_stays_for_those_who_read_it(lake: Lake) -> None:
    for number in range(3):
        add(lake, number)
    assert tend(lake) == Lean(joined=3, removed=0)
    assert files(lake) == 4


def test_a_reader_that_holds_an_old_list_reads_on(lake: Lake) -> None:
    """Another process has removed the files that it listed."""
    step = [add(lake, number) for number in range(3)][1]
    reader = Lake(lake.url)
    assert told(reader, step.version) == ["0", "1"]
    tend(lake, hours=0)
    assert told(reader, step.version) == ["0", "1"]


def test_killed_between_the_word_and_the_files_it_is_finished_by_the_next(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [add(lake, number) for number in range(3)]
    mark = lake_care._mark

    def killed(table: Lake) -> None:
        mark(table)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(lake_care, "_mark", killed)
        with pytest.raises(KeyboardInterrupt):
            tend(lake, hours=0)
    assert [told(Lake(lake.url), step.version) for step in steps] == [["0"], ["0", "1"], ["0", "1", "2"]]
    assert tend(lake, hours=0) == Lean(0, 3)
    assert files(lake) == 1


def test_a_lake_of_before_is_bounded_too(lake: Lake, tmp_path: Path) -> None:
    """Its log forgets ids of imports after a year, as that of a new one."""
    assert DeltaTable(lake.url).metadata().configuration.items() >= lake_care.BOUNDED.items()
    older = {name: value for name, value in CONFIGURATION.items() if name not in lake_care.BOUNDED}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("services.profile.book.lake.CONFIGURATION", older)
        old = Lake(str(tmp_path / "old"))
        old.create()
    tend(old)
    assert DeltaTable(old.url).metadata().configuration.items() >= lake_care.BOUNDED.items()


def test_a_step_whose_import_the_log_may_have_forgotten_is_not_called_another_lake_s(lake: Lake) -> None:
    step = add(lake, 1)
    with pytest.raises(LakeForeign):
        lake.require(Step(step.version, "imp_other", datetime.now(UTC)))
    lake.require(Step(step.version, "imp_other", datetime.now(UTC) - fit.TOLD_FOR_SURE - timedelta(days=1)))
