"""A lake is made again from the files received: the same rows, imports, moments and versions, or the old one stays."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from profile_house import HEADER, House, open_house
from sqlalchemy import update

from chassis.core.identity import Verifier
from chassis.data.worker import Worker
from services.profile.book import tables
from services.profile.book.domain.departure import names_of
from services.profile.book.domain.invoice import DATASET
from services.profile.book.usecases import bring_slices, in_slices
from services.profile.book.usecases.rebuild import rebuild
from services.profile.composition import PACKAGE
from services.profile.jobs import handlers
from services.profile.problems import KINDS
from services.profile.rights.usecases.verify import verify


def line(number: int, firm: str = "E1", status: str = "有效发票") -> str:
    return f"{firm},{number},2019/1/4,A1,100.00,13.00,113.00,{status}\n"


def digest(house: House, version: int) -> str:
    """Return a digest of all that a version holds, the order of rows aside."""
    rows = house.context.lake.read(version, without=())
    return hashlib.sha256(rows.select(sorted(rows.columns)).sort(pl.all()).write_csv().encode()).hexdigest()


def stocked(house: House) -> list[str]:
    """Send files that repeat and revise each other, with joined files in between; return the digest of each version."""
    house.send("invoices.purchase", HEADER + line(1) + line(2) + line(3, "E2"))
    house.context.lake.compact()
    house.send("invoices.purchase", HEADER + line(2) + line(1, status="作废发票") + line(4))
    house.send("invoices.purchase", HEADER + line(5, "E17"))
    return [digest(house, version) for version in named(house)]


def named(house: House) -> list[int]:
    with house.context.database.read() as session:
        return sorted(
            session.scalars(tables.LakeStep.__table__.select().with_only_columns(tables.LakeStep.lake_version))
        )


def test_a_lake_that_is_lost_is_made_again_as_it_was(
    house: House, verifier: Verifier, tokens: Callable[..., dict[str, str]]
) -> None:
    """Every version that the database names has the same content, also those of past moments; verify finds nothing."""
    before = stocked(house)
    home = house.context.settings.home
    shutil.rmtree(home / "lake")
    other = open_house(house.context.settings.database_url, home.parent, verifier, tokens)
    assert other.client.get("/readyz").status_code == 503
    (told,) = rebuild(other.context, ["invoices"])
    assert (told.done, told.lake) == (True, "invoices")
    fresh = open_house(house.context.settings.database_url, home.parent, verifier, tokens)
    assert [digest(fresh, version) for version in named(fresh)] == before
    assert verify(fresh.context, PACKAGE, deep=True)[1] == []
    assert fresh.client.get("/readyz").status_code == 200
    assert fresh.send("invoices.purchase", HEADER + line(1, status="作废发票") + line(6))["accepted"] == 1


def test_what_no_file_tells_any_more_stops_it_and_the_old_lake_stays(cottage: House) -> None:
    """A file past its keeping, a count that is another today: each is told, and nothing is swapped."""
    before = stocked(cottage)
    home = cottage.context.settings.home
    with cottage.context.database.begin() as session:
        session.execute(update(tables.LakeStep).where(tables.LakeStep.lake_version == 1).values(records=2))
    (told,) = rebuild(cottage.context, ["invoices"])
    assert not told.done
    assert "gives 3 records today, and brought 2" in told.said
    first = min(path.name for path in (home / "uploads").iterdir())
    (home / "uploads" / first).unlink()
    (told,) = rebuild(cottage.context, ["invoices"])
    assert not told.done
    assert f"the file of {first}" in told.said
    assert [digest(cottage, version) for version in named(cottage)] == before
    assert [path.name for path in home.iterdir() if "rebuilt" in path.name or "before" in path.name] == []


def test_what_was_erased_does_not_come_back_with_the_file_that_stated_it(cottage: House) -> None:
    """Shredding is for good: the record is erased from the new lake as well."""
    stocked(cottage)
    rows = cottage.context.lake.read(cottage.context.lake.newest(), ["local:E17"], without=())
    (record,) = names_of(DATASET, rows)
    with cottage.context.database.begin() as session:
        session.add(
            tables.Departure(
                id="dep_1",
                enterprise="local:E17",
                dataset="invoices",
                record=record,
                cause="corrected",
                act="dsp_1",
                known_at=cottage.context.now(),
                always=True,
                shredded_at=cottage.context.now(),
            )
        )
    (told,) = rebuild(cottage.context, ["invoices"])
    assert told.done, told.said
    cottage.context.lake.files.forget()
    left = cottage.context.lake.read(cottage.context.lake.newest(), without=())
    assert set(left["enterprise"]) == {"local:E1", "local:E2"}
    assert cottage.client.get("/readyz").status_code == 200


def test_big_files_are_brought_in_slices_again(cottage: House) -> None:
    """A lake of theirs is made anew within the memory of an import, and holds what it held."""
    memory = 2 * bring_slices.ROW_IN_SLICE
    context = replace(cottage.context, settings=replace(cottage.context.settings, import_memory=memory))
    worker = Worker(context.database, handlers(context), KINDS)
    house = replace(cottage, context=context, worker=worker)
    before = stocked(house)
    looked_at: list[Path] = []

    def noting(path: Path) -> AbstractContextManager[Path]:
        looked_at.append(path)
        return in_slices.workplace(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bring_slices, "workplace", noting)
        (told,) = rebuild(context, ["invoices"])
    assert (told.done, len(looked_at)) == (True, 2), told
    context.lake.files.forget()
    assert [digest(house, version) for version in named(house)] == before
