"""The lake: one commit an import, found again after a crash, never two writers at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake.exceptions import CommitFailedError
from lake_writers import NOW, rows

from chassis.data.files import Objects
from services.profile.book import mirror
from services.profile.book.delta import bucket_of, harden
from services.profile.book.domain.departure import Departure, names_of
from services.profile.book.domain.invoice import DATASET
from services.profile.book.lake import Lake
from services.profile.book.parts import InMemory
from services.profile.book.table_files import TableFiles
from services.profile.book.written import commit


def all_files(lake: Lake) -> list[pl.DataFrame]:
    """Return every file of data that is there, whoever may still want it."""
    if lake._files.folder is not None:
        return [pl.read_parquet(path, hive_partitioning=False) for path in lake._files.folder.rglob("*.parquet")]
    files = Objects(lake._files.url, Path("unused"))
    names = [each.name for each in files.list() if each.name.endswith(".parquet") and "_delta_log" not in each.name]
    return [pl.read_parquet(files.read(name), hive_partitioning=False) for name in names]


def test_an_import_finds_its_own_commit_again(lake: Lake) -> None:
    """A worker that died after the commit learns what it had done."""
    commit = lake.append(rows(1, 2), "imp_1", {"more": 1}, now=NOW)
    found = lake.committed("imp_1")
    assert found == commit
    assert found.facts["appended"] == {"sale": 2}
    assert lake.committed("imp_2") is None


def test_whoever_lost_its_job_on_the_way_appends_nothing_to_what_the_other_did(lake: Lake) -> None:
    """A second commit of the same import would tell that all its rows were known already."""
    first = lake.append(rows(1, 2), "imp_1", {"more": 1}, now=NOW)
    assert lake.append(rows(1, 2), "imp_1", {"more": 1}, now=NOW) == first
    assert lake.newest() == first.version


def test_a_writer_that_decided_on_an_older_state_appends_nothing(lake: Lake) -> None:
    """Two imports that read the same state cannot both commit: the later one has to look again."""
    stale = lake._files.table()
    lake.append(rows(1), "imp_1", {}, now=NOW)
    mine = lake.read(1, without=()).with_columns(bucket=pl.lit(0, dtype=pl.Int8))
    with pytest.raises(CommitFailedError):
        lake._commit(stale, InMemory({0: mine}), "imp_2", {})
    assert lake.read(lake.newest(), without=()).height == 1


def test_whoever_lost_the_race_leaves_no_file(lake: Lake) -> None:
    """What was written for the lost attempt goes at once, not with the nightly care; each number is there once."""

    def other_was_quicker(new: pl.DataFrame, _: pl.DataFrame) -> dict[str, Any]:
        if lake.newest() == 0:
            lake.append(rows(3), "imp_2", {}, now=NOW)
        return {}

    lake.append(rows(1, 2), "imp_1", {}, now=NOW, counted=other_was_quicker)
    assert sorted(number for file in all_files(lake) for number in file["number"]) == ["1", "2", "3"]
    assert lake.newest() == 2


def test_a_commit_that_landed_and_was_reported_failed_is_found_and_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object store that answers late refuses its own write: tried again, all rows would count as known already."""
    lake = Lake(str(tmp_path / "lake"))
    lake.create()

    def late(*given: Any) -> None:
        commit(*given)
        raise CommitFailedError("the version exists")

    with monkeypatch.context() as patch:
        patch.setattr("services.profile.book.written.commit", late)
        found = lake.append(rows(1, 2), "imp_1", {}, now=NOW)
    assert (found.version, found.facts["appended"]) == (1, {"sale": 2})
    assert lake.newest() == 1
    assert lake.committed("imp_1") == found


def test_a_commit_whose_writer_was_killed_before_it_was_on_the_disk_is_brought_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever finds it concludes the import in the database, which a power cut would leave without its rows."""
    lake = Lake(str(tmp_path / "lake"))
    lake.create()

    def killed(*_: Any) -> None:
        raise SystemExit(0)

    with monkeypatch.context() as patch:
        patch.setattr("services.profile.book.table_files.harden", killed)
        with pytest.raises(SystemExit):
            lake.append(rows(1, 2), "imp_1", {}, now=NOW)
    brought = list[int]()
    patched = "services.profile.book.table_files.harden"
    monkeypatch.setattr(patched, lambda folder, version: (brought.append(version), harden(folder, version)))
    assert lake.committed("imp_1") == lake.committed("imp_1")
    assert brought == [1]


@pytest.mark.parametrize("name", ["a b", "h#x", "h?x", "h*x", "h{x,y}", "50% x", "账册"])
def test_a_lake_lies_in_a_folder_of_any_usual_name(tmp_path: Path, name: str) -> None:
    """No sign of it is taken for a pattern or a part of an address."""
    lake = Lake(str(tmp_path / name / "lake"))
    lake.create()
    lake.append(rows(1), "imp_1", {}, now=NOW)
    lake.append(rows(2), "imp_2", {}, now=NOW)
    assert lake.read(2, ["local:E1"], without=()).height == 2
    assert lake.compact() == 2
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_became_known_later_has_a_later_time_even_when_the_clock_stands(lake: Lake) -> None:
    """Replay is exact although clocks are not."""
    first = lake.append(rows(1), "imp_1", {}, now=NOW)
    second = lake.append(rows(2), "imp_2", {}, now=NOW - timedelta(days=1))
    third = lake.append(rows(3), "imp_3", {}, now=NOW)
    assert third.facts["known_at"] > second.facts["known_at"] > first.facts["known_at"]


def test_a_version_of_the_lake_never_changes(lake: Lake) -> None:
    """Readers at a version do not see what comes later, nor does joining files change anything."""
    commit = lake.append(rows(1), "imp_1", {}, now=NOW)
    lake.append(rows(2), "imp_2", {}, now=NOW)
    assert lake.read(commit.version, without=())["number"].to_list() == ["1"]
    assert lake.compact() == 2
    assert lake.read(commit.version, without=())["number"].to_list() == ["1"]
    assert sorted(lake.read(lake.newest(), without=())["number"]) == ["1", "2"]


def test_one_enterprise_is_read_without_the_others(lake: Lake) -> None:
    """A read of named firms gives exactly their rows."""
    many = [rows(1, enterprise=f"local:E{place}") for place in range(40)]
    commit = lake.append(pl.concat(many), "imp_1", {}, now=NOW)
    assert lake.read(commit.version, ["local:E7"], without=())["enterprise"].to_list() == ["local:E7"]
    assert lake.read(commit.version, [], without=()).is_empty()


def test_of_a_firm_of_which_one_side_is_asked_files_of_the_other_are_left_alone(tmp_path: Path) -> None:
    """A file that holds both is read; where two firms of a bucket are asked for different sides, all are."""
    lake = Lake(str(tmp_path / "lake"))
    lake.create(1)
    bought = rows(3).with_columns(pl.lit("purchase").alias("direction"))
    lake.append(rows(1), "imp_1", {}, now=NOW)
    lake.append(bought, "imp_2", {}, now=NOW)
    firm = lake.read(2, without=())["enterprise"][0]

    def sides(only: dict[str, str]) -> list[str]:
        found = lake.stated(2, [firm, "local:nobody"], ("direction",), without=(), only=only)
        return sorted(found["direction"])

    assert sides({firm: "sale", "local:nobody": "sale"}) == ["sale"]
    assert sides({firm: "purchase", "local:nobody": "purchase"}) == ["purchase"]
    assert sides({firm: "sale", "local:nobody": "purchase"}) == sides({firm: "sale"}) == ["purchase", "sale"]
    assert lake.sharing(2, ["a", "b"], []) == set()
    assert lake.sharing(2, ["a", "b"], ["c"]) == {"a", "b"}


def test_a_bucket_is_the_same_for_ever() -> None:
    """Files written years ago are still found: these are the buckets of the first release."""
    assert [bucket_of(f"local:E{place}", 16) for place in (1, 2, 17)] == [15, 5, 1]


def test_many_small_imports_leave_few_files(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full bucket is joined, its rows stay, an older version still reads, and what was committed is found."""
    monkeypatch.setattr("services.profile.book.lake.MOST_FILES", 4)
    for number in range(5):
        before = lake.append(rows(number), f"imp_{number}", {}, now=NOW)
    assert lake.tidy(lake.newest(), ["local:E1"]) == 5
    assert lake.tidy(lake.newest(), ["local:E1"]) == 0
    assert lake._files.at(lake.newest()).height == 1
    after = lake.append(rows(9), "imp_9", {}, now=NOW)
    assert sorted(lake.read(after.version, without=())["number"]) == ["0", "1", "2", "3", "4", "9"]
    assert lake.read(before.version, without=()).height == 5
    assert lake.committed("imp_0") is not None
    assert after.facts["known_at"] > before.facts["known_at"]


def gone(lake: Lake, number: str) -> list[Departure]:
    one = lake.read(lake.newest(), without=()).filter(pl.col("number") == number).head(1)
    (name,) = names_of(DATASET, one)
    return [Departure("local:E1", "invoices", name)]


def test_what_is_shredded_is_in_no_version_and_in_no_file(lake: Lake) -> None:
    """The rest of each version is there as it was."""
    first = lake.append(rows(1, 2), "imp_1", {}, now=NOW)
    second = lake.append(rows(3), "imp_2", {}, now=NOW)
    lake.append(rows(1, status="void"), "imp_3", {}, now=NOW)
    assert lake.shred(gone(lake, "1")) == 2
    assert sorted(lake.read(first.version, without=())["number"]) == ["2"]
    assert sorted(lake.read(second.version, without=())["number"]) == ["2", "3"]
    assert sorted(pl.concat(all_files(lake))["number"]) == ["2", "3"]


def test_a_reader_of_another_process_finds_the_rest(
    lake: Lake, open_lake: Callable[..., Lake], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has listed the files that are gone now; of an object store it asks after two seconds."""
    monkeypatch.setattr(mirror, "FRESH_SECONDS", 0.0)
    commit = lake.append(rows(1, 2), "imp_1", {}, now=NOW)
    other = open_lake("another")
    assert other.read(commit.version, without=()).height == 2
    lake.shred(gone(lake, "1"))
    assert other.read(commit.version, without=())["number"].to_list() == ["2"]


def test_a_reader_whose_files_are_shredded_under_it_reads_the_rest(
    lake: Lake, open_lake: Callable[..., Lake], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process erases after the files were listed and before they are opened."""
    commit = lake.append(rows(1, 2), "imp_1", {}, now=NOW)
    scan, mine = TableFiles.scan, gone(lake, "1")

    def late(self: TableFiles, files: pl.DataFrame) -> pl.LazyFrame:
        monkeypatch.setattr(TableFiles, "scan", scan)
        listed = scan(self, files)
        open_lake().shred(mine)
        return listed

    monkeypatch.setattr(TableFiles, "scan", late)
    assert lake.read(commit.version, ["local:E1"], without=())["number"].to_list() == ["2"]


def test_what_comes_after_a_shredding_is_known_later_than_what_was_shredded(lake: Lake) -> None:
    """Else a replay of a moment before would see it."""
    commit = lake.append(rows(1), "imp_1", {}, now=NOW)
    lake.shred(gone(lake, "1"))
    later = lake.append(rows(2), "imp_2", {}, now=NOW - timedelta(days=1))
    assert later.facts["known_at"] > commit.facts["known_at"]
    assert lake.read(commit.version, without=()).is_empty()
    assert lake.read(later.version, without=())["number"].to_list() == ["2"]


def test_shredding_what_is_not_there_changes_nothing(lake: Lake) -> None:
    commit = lake.append(rows(1), "imp_1", {}, now=NOW)
    assert lake.shred([Departure("local:E1", "invoices", "rec_none")]) == 0
    assert lake.newest() == commit.version


def test_a_lake_of_an_earlier_release_is_read_and_goes_on(open_lake: Callable[..., Lake]) -> None:
    """A column that came later is empty there, and the word for a person reads as nobody."""
    kept = tuple(column for column in DATASET.columns if column.name != "blue_number")
    before = open_lake(dataset=replace(DATASET, columns=kept, quiet=("code",)))
    before.create()
    before.append(rows(1).drop("blue_number").with_columns(counterparty=pl.lit("NO-CODE")), "old", {}, now=NOW)
    after = open_lake()
    after.append(rows(2).with_columns(blue_number=pl.lit("1")), "new", {}, now=NOW)
    found = after.read(after.newest(), without=()).sort("number")
    assert found.select("number", "counterparty", "blue_number").rows() == [("1", None, None), ("2", "B1", "1")]
