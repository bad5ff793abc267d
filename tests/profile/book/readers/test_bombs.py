"""A file that is small and unpacks to much is refused before it is read, with what is allowed."""

from __future__ import annotations

import gzip
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from time import sleep
from typing import Any

import polars as pl
import pytest
from bombs import BOMBS, most_of_children, parquet_bomb, told_and_peaks

from chassis.core import parquet_text
from chassis.core.parquet_text import Damaged, Measured, measured, was_killed
from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.proposal.anything import anything
from services.profile.book.readers import gauge, gauging, parquet
from services.profile.book.readers.cut import ROWS, cut
from services.profile.book.readers.gauge import gauged, is_small
from services.profile.book.readers.plain import beside, remove_left
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import FileTooLarge, Limits, UnreadableFile
from services.scoring.domain.errors import TableUnreadable
from services.scoring.usecases import read_table as scoring
from services.scoring.usecases.read_table import read_table

GIBIBYTE = 1 << 30
SEEDS = range(30 if os.environ.get("SMECREDIT_LONG") else 2)


def held() -> int:
    """Return the bytes that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_dictionary_that_unpacks_to_gigabytes_is_refused(tmp_path: Path, seed: int) -> None:
    """By profile and by scoring; neither they nor the process that measures it take a gigabyte."""
    random, path = Random(seed), tmp_path / "bomb.parquet"
    parquet_bomb(path, random, size=4 * GIBIBYTE)
    assert path.stat().st_size < 4 << 20
    before = held()
    with pytest.raises(FileTooLarge) as refused:
        parquet.opened(KINDS["workbook"], path, Limits())
    assert refused.value.members["limit_bytes"] == Limits().text
    with pytest.raises(TableUnreadable, match="more text than is read"):
        read_table("bomb.parquet", path.read_bytes())
    assert held() - before < GIBIBYTE // 2
    # In a process of its own: here the most that a child ever took counts those of all tests before, too.
    with multiprocessing.get_context("spawn").Pool(1) as fresh:
        assert 0 < fresh.apply(most_of_children, (path,)) < GIBIBYTE


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", BOMBS)
def test_no_bomb_takes_a_gigabyte(tmp_path: Path, kind: str, seed: int) -> None:
    """Neither of the process that reads it nor of a child; it is refused in words, or read within that."""
    sent_as, path = BOMBS[kind](tmp_path, Random(seed))
    with multiprocessing.get_context("spawn").Pool(1) as fresh:
        said, own, child = fresh.apply(told_and_peaks, (sent_as, path))
    assert max(own, child) < GIBIBYTE
    assert not said or " / " in said
    # Shown by -s: the peaks by kind.
    print(f"{kind}\t{path.stat().st_size}\t{own >> 20}\t{child >> 20}\t{said[:60]}")


def test_a_text_that_many_cells_share_is_refused_with_the_memory_that_is_allowed(tmp_path: Path) -> None:
    sent_as, path = BOMBS["xlsx"](tmp_path, Random(1))
    with pytest.raises(FileTooLarge) as refused:
        read(KINDS[sent_as], path, Limits())
    assert refused.value.members["limit_bytes"] == Limits().memory


def test_a_file_is_tried_once_for_all_forms(tmp_path: Path) -> None:
    """Limits that say so try nothing again."""
    path = tmp_path / "some.csv"
    path.write_text("a,b\n" + "1,2\n" * (1 << 20))
    asked: list[list[str]] = []
    begun = subprocess.Popen

    def told_of(command: list[str], **how: Any) -> Any:
        asked.append(command)
        return begun(command, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", told_of)
        limits = gauged(anything(KINDS.values()), path, Limits())
        assert gauged(anything(KINDS.values()), path, limits) is limits
    assert limits.gauged
    assert len(asked) == 1


def test_what_is_plainly_small_is_not_tried(tmp_path: Path) -> None:
    """It costs a process; most files are."""
    path = tmp_path / "some.csv"
    path.write_text("a,b\n1,2\n")
    assert is_small(path)
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * (1 << 20)))
    assert not is_small(path), "by what it unpacks to"


@pytest.mark.parametrize(
    ("code", "killed"),
    [
        (-signal.SIGABRT, True),
        (-signal.SIGSEGV, True),
        (-signal.SIGKILL, True),
        (0, False),
        (1, False),
        (2, False),
        (parquet_text.TOO_LARGE, False),
        (parquet_text.DAMAGED, False),
        (gauging.BROKEN, False),
        (-signal.SIGTERM, False),
        (-signal.SIGINT, False),
    ],
)
def test_a_process_is_killed_by_a_signal_that_is_not_ours(code: int, killed: bool) -> None:
    """What broke off, or was stopped by us, says nothing of the file."""
    assert was_killed(code) is killed


def test_each_end_of_a_trial_has_a_code_of_its_own() -> None:
    """And none is Python's own for what it cannot run."""
    assert len({0, 1, 2, parquet_text.TOO_LARGE, parquet_text.DAMAGED, gauging.BROKEN}) == 6


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (f"raise SystemExit({parquet_text.TOO_LARGE})", FileTooLarge, "takes more than 640 MiB of memory"),
        (
            "import os, sys; sys.stderr.write('memory allocation of 9 bytes failed'); sys.stderr.flush(); os.abort()",
            FileTooLarge,
            "takes more than 640 MiB of memory",
        ),
        ("import os; os.abort()", FileTooLarge, r"was ended by the system \(SIGABRT\)"),
        ("import os; os.kill(os.getpid(), 9)", FileTooLarge, r"was ended by the system \(SIGKILL\)"),
        ("import os; os.kill(os.getpid(), 15)", RuntimeError, r"could not be tried \(-15\)"),
        (f"raise SystemExit({gauging.BROKEN})", RuntimeError, r"could not be tried \(5\)"),
        ("raise ValueError('ours')", RuntimeError, r"could not be tried \(1\)"),
    ],
    ids=["too much", "too much, of a library", "aborted", "killed", "stopped", "broken", "broken early"],
)
def test_too_much_a_signal_and_a_fault_of_ours_are_three_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, error: type[Exception], words: str
) -> None:
    """The first two refuse the file, with what is allowed; the last leaves it, so that a job is tried again."""
    (tmp_path / "trial.py").write_text(f"import sys; sys.stdin.read()\n{code}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(gauge, "MODULE", "trial")
    with pytest.raises(error, match=words):
        gauged(KINDS["invoices.sale"], large_csv(tmp_path), Limits())


def large_csv(folder: Path) -> Path:
    path = folder / "some.csv"
    path.write_text("number,date\n" + "1,2\n" * (1 << 20))
    return path


def test_an_error_in_trying_is_told_by_its_name_and_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not by its words, in which the file may be quoted."""
    monkeypatch.setattr(gauge, "is_small", lambda path: False)
    with pytest.raises(RuntimeError, match=r"FileNotFoundError at gauging.py:\d+") as found:
        gauged(KINDS["invoices.sale"], tmp_path / "secret", Limits())
    assert "secret" not in str(found.value)


def test_nothing_stays_beside_a_file_whose_trial_was_killed(tmp_path: Path) -> None:
    """Whoever is killed takes nothing away; what somebody else unpacks meanwhile stays."""
    path, piece = tmp_path / "some.csv.gz", b"1,2\n" * (1 << 20)
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"number,date\n")
        for _ in range(200):
            file.write(piece)
    handle, other = beside(path)
    os.close(handle)
    with ThreadPoolExecutor(1) as pool:
        trial = pool.submit(gauged, KINDS["invoices.sale"], path, Limits())
        while not (unpacked := set(tmp_path.iterdir()) - {path, other}):
            assert not trial.done()
            sleep(0.01)
        os.kill(int(unpacked.pop().suffixes[-3].removeprefix(".")), signal.SIGKILL)
        with pytest.raises(FileTooLarge, match="SIGKILL"):
            trial.result()
    assert set(tmp_path.iterdir()) == {path, other}


def test_what_a_process_left_is_removed_and_no_other_s(tmp_path: Path) -> None:
    path = tmp_path / "some[1].csv"
    names = [
        "some[1].csv.7.x.plain",
        "some[1].csv.7.x.plain.7.y.plain",
        "some[1].csv.77.x.plain",
        "some1.csv.7.x.plain",
    ]
    for name in names:
        (tmp_path / name).touch()
    remove_left(path, 7)
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(names[2:])


def test_a_table_of_too_many_columns_is_refused(tmp_path: Path) -> None:
    """Before it is split, with how many there may be."""
    path = tmp_path / "wide.csv"
    path.write_text(",".join("c" * 20_000) + "\n")
    with pytest.raises(FileTooLarge, match="19999 columns; at most 16384"):
        read(KINDS["invoices.sale"], path, Limits())
    path.write_text(",".join(f"c{number}" for number in range(2_000)) + "\n")
    with pytest.raises(FileTooLarge, match="2000 columns; at most 1024"):
        read(KINDS["invoices.sale"], path, Limits())


def test_signs_within_a_cell_are_no_columns(tmp_path: Path) -> None:
    """A list of goods in a remark has as many commas as it likes."""
    path = tmp_path / "long.csv"
    titles = "enterprise,number,date,counterparty,net,tax,total,status,remark"
    path.write_text(f'{titles}\nE1,1,2020-01-02,A,100,13,113,valid,"{"x," * 5_000}"\n')
    [sheet] = read(KINDS["invoices.sale"], path, Limits())
    assert sheet.frame.height == 1


def test_a_cell_that_is_too_long_is_named_with_what_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "long.parquet"
    pl.DataFrame({"备注": ["x" * ((1 << 20) + 1), "y"]}).write_parquet(path)
    with pytest.raises(FileTooLarge, match="A cell holds 1048577 bytes of text; at most 1048576"):
        parquet.opened(KINDS["workbook"], path, Limits())


def test_a_file_of_few_bytes_and_very_many_cells_is_not_looked_at_whole(tmp_path: Path) -> None:
    """A column of one number takes a few bytes, whatever its rows."""
    path = tmp_path / "wide.parquet"
    pl.select(pl.repeat(1, parquet.CELLS_AT_ONCE + 1, dtype=pl.Int8).alias("备注")).write_parquet(path)
    with pytest.raises(FileTooLarge, match="cells"):
        parquet.parquet(KINDS["workbook"], path, Limits())


def test_what_a_file_holds_is_measured_to_the_byte(tmp_path: Path) -> None:
    """Of text, of categories and of bytes; of rows, and not of columns; a damaged file is not told to hold nothing."""
    path = tmp_path / "small.parquet"
    table = pl.DataFrame({"a": ["x", None, "发票"], "b": ["long"] * 3, "c": [1, 2, 3]})
    table.with_columns(pl.col("b").cast(pl.Categorical)).write_parquet(path)
    assert measured(path, rows=2, most=100) == Measured(total=1 + 6 + 12, longest=6)
    assert measured(path, rows=2, most=15) == Measured(total=1 + 6 + 12, longest=6)
    assert measured(path, rows=3, most=18) is None, "two columns hold together what neither does"
    assert measured(path, rows=2, most=8) is None
    assert measured(path, rows=3, most=8, first=1) == Measured(total=1 + 4, longest=4)
    # Bytes that are no text, and lists, are held all the same by whoever reads the file.
    pl.DataFrame({"a": [b"\xff\xfe" * 500] * 3, "b": [["x" * 1000]] * 3}).write_parquet(path)
    assert measured(path, rows=3, most=2999) is None
    found = measured(path, rows=3, most=1 << 20)
    assert found
    assert found.longest == 1000
    assert found.total >= 6000
    path.write_bytes(b"PAR1" + bytes(100))
    with pytest.raises(Damaged):
        measured(path, rows=2, most=7)


def damaged_within(path: Path) -> bytes:
    """Write a file whose head and end are whole, and whose pages are not."""
    pl.DataFrame({"备注": ["x" * 50, "y" * 60], "b": ["z", "w"]}).write_parquet(path, compression="uncompressed")
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + b"\xff" * 100 + whole[104:])
    return path.read_bytes()


def test_a_file_that_cannot_be_measured_is_refused(tmp_path: Path) -> None:
    """As damaged, by profile and by scoring: it was taken for one that holds no text."""
    path = tmp_path / "damaged.parquet"
    body = damaged_within(path)
    with pytest.raises(UnreadableFile, match="damaged or cut short"):
        parquet.opened(KINDS["workbook"], path, Limits())
    with pytest.raises(TableUnreadable, match="it is damaged"):
        read_table("damaged.parquet", body)


@pytest.mark.parametrize("title", ["^b$", "*", "^.*$"])
def test_a_title_that_looks_like_a_pattern_is_a_title(tmp_path: Path, title: str) -> None:
    """It is measured and read like any other, in the column where it stands."""
    path = tmp_path / "pattern.parquet"
    row = {"enterprise": ["E1"], "number": ["1"], "date": ["2019-01-04"], "seller": ["A1"], "net": ["100"]}
    table = {**row, "tax": ["13"], "total": ["113"], "status": ["valid"], title: ["x" * 7]}
    pl.DataFrame(table).write_parquet(path)
    assert measured(path, rows=9, most=100, first=1) == measured(path, rows=9, most=100)
    found = measured(path, rows=9, most=100)
    assert found
    assert found.longest == 10
    [part] = read(KINDS["invoices.purchase"], path, Limits())
    assert part.titles == tuple(table)
    assert part.frame.row(0)[1:] == tuple(cells[0] for cells in table.values())
    path.write_text(",".join(table) + "\n" + ",".join(cells[0] for cells in table.values()) + "\n")
    [part] = read(KINDS["invoices.purchase"], path, Limits())
    assert part.frame.row(0)[1:] == tuple(cells[0] for cells in table.values())


@pytest.mark.parametrize(
    ("error", "ends"),
    [
        (MemoryError(), parquet_text.TOO_LARGE),
        (OSError(12, "Cannot allocate memory"), parquet_text.TOO_LARGE),
        (pl.exceptions.ComputeError("memory allocation of 9 bytes failed"), parquet_text.TOO_LARGE),
        (pl.exceptions.ComputeError("a page is not of the size that its head states"), parquet_text.DAMAGED),
        (pl.exceptions.PanicException("index out of bounds"), parquet_text.DAMAGED),
    ],
)
def test_want_of_memory_is_too_much_and_anything_else_is_damage(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, ends: int
) -> None:
    """A library may tell either in its own way."""

    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(parquet_text, "measure", failing)
    monkeypatch.setattr(parquet_text, "end_with", lambda parent: None)
    assert parquet_text.main("f", "1", "1", "", "1") == ends


def test_text_in_many_columns_counts_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each column of a row is held with the others: sixteen of them hold sixteen times as much."""
    path = tmp_path / "many.parquet"
    pl.DataFrame({f"c{place}": ["x" * 100] for place in range(16)}).write_parquet(path)
    with pytest.raises(FileTooLarge):
        parquet.opened(KINDS["workbook"], path, Limits(text=1599))
    assert parquet.opened(KINDS["workbook"], path, Limits(text=1600)).text == 1600
    monkeypatch.setattr(scoring, "LARGEST_TEXT", 1599)
    with pytest.raises(TableUnreadable, match="more text than is read"):
        read_table("many.parquet", path.read_bytes())


def test_text_is_measured_in_as_many_rows_as_are_held(tmp_path: Path) -> None:
    """Twice the rows at once hold twice the text."""
    path = tmp_path / "rows.parquet"
    pl.DataFrame({"备注": ["x" * 100] * 8}).write_parquet(path)
    assert parquet.opened(KINDS["workbook"], path, Limits(text=400, rows=4)).text == 800
    with pytest.raises(FileTooLarge, match="The text of 8 of its rows"):
        parquet.opened(KINDS["workbook"], path, Limits(text=400, rows=8))


def test_the_head_of_a_file_is_measured_before_it_is_decoded(tmp_path: Path) -> None:
    """A look at a file takes no gigabyte either, and what lies behind its head is not asked of it."""
    path = tmp_path / "bomb.parquet"
    long = pl.Series("备注", ["x" * 1_000_000]).cast(pl.Categorical).new_from_index(0, ROWS + 1)
    pl.DataFrame([long]).write_parquet(path)
    before = held()
    with pytest.raises(FileTooLarge):
        cut(path)
    assert held() - before < GIBIBYTE // 2
    short = pl.Series("备注", ["x"]).cast(pl.Categorical).new_from_index(0, ROWS + 1)
    pl.concat([short.to_frame(), long.to_frame()]).write_parquet(path)
    assert cut(path).whole is False
    assert pl.read_parquet(path).height == ROWS


def test_what_takes_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that nobody writes to is never read to its end."""
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(parquet_text, "SECONDS", 0.1)
    assert measured(tmp_path / "pipe", rows=1, most=1) is None


def test_the_library_is_not_shadowed_by_what_lies_beside(tmp_path: Path) -> None:
    """`http` is the library's in the process that measures, as is whatever it imports."""
    path = tmp_path / "small.parquet"
    pl.DataFrame({"a": ["x"]}).write_parquet(path)
    asked: list[list[str]] = []
    run = subprocess.run

    def told_of(command: list[str], **how: Any) -> Any:
        asked.append(command)
        return run(command, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "run", told_of)
        assert measured(path, rows=1, most=9) == Measured(1, 1)
    [command] = asked
    place = command.index(parquet_text.__file__)
    told = run(
        [*command[:place], "-c", "import http; print(http.__file__)"],
        cwd=Path(parquet_text.__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip().endswith("http/__init__.py")


def children(parent: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def test_the_process_that_measures_ends_with_the_one_that_asks(tmp_path: Path) -> None:
    """Also where that is killed: nobody waits for its answer any more."""
    os.mkfifo(tmp_path / "pipe")
    code = (
        "import sys; from pathlib import Path; from chassis.core.parquet_text import measured; "
        "measured(Path(sys.argv[1]), rows=1, most=1)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "pipe")]) as asking:
        while not (measuring := children(asking.pid)):
            assert asking.poll() is None
            sleep(0.05)
        asking.send_signal(signal.SIGKILL)
    for _ in range(600):
        if not Path(f"/proc/{measuring[0]}").exists():
            return
        sleep(0.1)
    os.kill(measuring[0], signal.SIGKILL)
    pytest.fail("it went on by itself")
