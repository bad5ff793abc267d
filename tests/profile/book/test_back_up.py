"""A backup of the book: the lakes as far as the database names them, and what becomes of an import under way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from profile_house import HEADER, House, open_house

from chassis.core.identity import Verifier
from chassis.data.backups import ErasedMeanwhile, back_up, bring_back
from chassis.data.dump import CannotCopy
from chassis.data.files import Folder
from chassis.data.vault import Part, Vault
from services.profile.book.usecases import load
from services.profile.book.usecases.back_up import named, put_back
from services.profile.book.usecases.rebuild import rebuild
from services.profile.composition import make_context
from services.profile.settings import SERVICE, Settings

FIRST, SECOND = "2026-11-30T100000Z", "2026-11-30T110000Z"
# Firms of several buckets.
FIRMS = 7


def invoices(*numbers: int) -> str:
    rows = (f"E{number % FIRMS},{number},2019/1/4,A1,100.00,13.00,113.00,有效发票\n" for number in numbers)
    return HEADER + "".join(rows)


def rows(house: House) -> pl.DataFrame:
    """Return all that readers see of the lake of invoices."""
    lake = house.context.lake
    return lake.read(lake.newest(), without=()).sort("enterprise", "number", "version")


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """Return an empty vault."""
    return Vault(Folder(tmp_path / "vault"))


@pytest.fixture
def put_in(cottage: House, vault: Vault) -> Callable[[str], Part]:
    """Return what backs the service up."""
    context = cottage.context
    return lambda moment: back_up(vault, moment, SERVICE, context.settings.database_url, partial(named, context))


@pytest.fixture
def brought_back(
    tmp_path: Path, vault: Vault, verifier: Verifier, tokens: Callable[..., dict[str, str]]
) -> Callable[[str], House]:
    """Return what brings a backup back into a home of its own and opens the service on it."""

    def bring(moment: str) -> House:
        folder = tmp_path / f"restored-{moment}"
        url = f"sqlite:///{folder}/home/profile.db"
        settings = Settings(home=folder / "home", database_url=url, lake_url=f"{folder}/home/lake", jwks_url="")
        bring_back(vault, moment, SERVICE, url, partial(put_back, make_context(settings)))
        return open_house(url, folder, verifier, tokens)

    return bring


def test_the_book_comes_back_as_it_was(
    cottage: House, put_in: Callable[[str], Part], brought_back: Callable[[str], House]
) -> None:
    """Rows, counts, received files and reject reports; what came after the backup is not among it."""
    sent = cottage.send("invoices.purchase", invoices(1, 2, 3) + "E1,4,2019/1/4,A1,oops,13.00,113.00,有效发票\n")
    before, told, rejects = rows(cottage), cottage.book(), cottage.rejects(sent["id"])
    put_in(FIRST)
    cottage.send("invoices.purchase", invoices(5, 6))
    back = brought_back(FIRST)
    assert (rows(back).equals(before), back.book(), back.rejects(sent["id"])) == (True, told, rejects)
    assert back.send("invoices.purchase", invoices(5, 6))["accepted"] == 2


def test_an_import_that_the_copy_does_not_know_as_done_is_done_again(
    cottage: House,
    put_in: Callable[[str], Part],
    brought_back: Callable[[str], House],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its rows were in the lake already when the copy was made; they are there once after its job has run."""
    cottage.send("invoices.purchase", invoices(1, 2))

    def killed(*_: Any) -> None:
        raise SystemExit(0)

    monkeypatch.setattr(load, "conclude", killed)
    with pytest.raises(SystemExit):
        cottage.send("invoices.purchase", invoices(3, 4, 5))
    monkeypatch.undo()
    assert rows(cottage).height == 5
    put_in(FIRST)
    back = brought_back(FIRST)
    assert rows(back).height == 2
    while back.worker.run_once():
        pass
    assert (rows(back).height, back.book()["invoices"]) == (5, 5)


def test_a_second_backup_reads_only_what_is_new(
    cottage: House, put_in: Callable[[str], Part], vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of the lake and received files that the first one kept are named again, unread."""
    cottage.send("invoices.purchase", invoices(1, 2))
    first = {entry.name for entry in put_in(FIRST).entries}
    cottage.send("invoices.purchase", invoices(3))
    read = list[str]()
    keep = vault.keep
    monkeypatch.setattr(Vault, "keep", lambda _, name, path: (read.append(name), keep(name, path))[1])
    second = {entry.name for entry in put_in(SECOND).entries}
    assert set(read) - {"database.sqlite"} == second - first
    assert first < second


def test_a_lake_that_was_made_again_is_backed_up_as_it_is_now(
    cottage: House, put_in: Callable[[str], Part], brought_back: Callable[[str], House]
) -> None:
    """Its log has the names and the sizes of before, and names other files."""
    cottage.send("invoices.purchase", invoices(1, 2))
    put_in(FIRST)
    (made,) = rebuild(cottage.context, ["invoices"])
    assert made.done, made.said
    put_in(SECOND)
    assert rows(brought_back(SECOND)).equals(rows(cottage))


def test_joined_files_come_along_with_those_that_they_replace(
    cottage: House, put_in: Callable[[str], Part], brought_back: Callable[[str], House]
) -> None:
    """A commit after the last import that brings nothing belongs to the backup, and past versions stay readable."""
    for number in (7, 14, 21):
        cottage.send("invoices.purchase", invoices(number))
    assert cottage.context.lake.compact() > 0
    put_in(FIRST)
    back = brought_back(FIRST)
    lake = back.context.lake
    assert lake.newest() == cottage.context.lake.newest()
    assert [lake.read(version, without=()).height for version in (1, 2, 3)] == [1, 2, 3]


def test_a_lake_that_lost_a_file_is_not_backed_up_as_if_it_were_whole(
    cottage: House, put_in: Callable[[str], Part]
) -> None:
    """The error names the file and the kind."""
    cottage.send("invoices.purchase", invoices(1))
    (lost,) = cottage.context.lake.paths(1)
    (Path(cottage.context.lake.url) / lost).unlink()
    with pytest.raises(ErasedMeanwhile, match=f"invoices: {lost}"):
        put_in(FIRST)


def test_nothing_is_restored_over_a_book(cottage: House, put_in: Callable[[str], Part], vault: Vault) -> None:
    """A home that holds data stays what it is."""
    cottage.send("invoices.purchase", invoices(1))
    put_in(FIRST)
    context = cottage.context
    with pytest.raises(CannotCopy, match="an empty place only"):
        bring_back(vault, FIRST, SERVICE, context.settings.database_url, partial(put_back, context))
