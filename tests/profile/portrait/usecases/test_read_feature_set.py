"""Features of many enterprises, part by part: the same rows however they are cut, and nothing is done twice."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from profile_house import HEADER, House, open_house
from sqlalchemy import delete

from chassis.core.engine import Here
from chassis.core.errors import EngineUnavailable
from chassis.core.identity import Verifier
from services.profile.book import delta
from services.profile.book.tables import FeatureSnapshot
from services.profile.book.usecases.rebucket import rebucket
from services.profile.portrait.usecases import describe_parts, read_feature_set
from services.profile.portrait.usecases.make_peers import tidy

FIRMS = 9


@pytest.fixture
def street(sqlite_url: str, tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> House:
    """A book of nine firms: one speaks of itself too, and a partner's file confirms some of it; one disputes."""
    house = open_house(sqlite_url, tmp_path, verifier, tokens)
    rows = [
        f"E{firm},{firm}{month:02},{2018 + month // 12}/{month % 12 + 1}/4,E{firm % FIRMS + 1},"
        f"{100 * firm + month}.00,13.00,{100 * firm + month + 13}.00,有效发票"
        for firm in range(1, FIRMS + 1)
        for month in range(14)
    ]
    house.send("invoices.purchase", HEADER + "\n".join(rows))
    rows = [f"E2,{number},2018/2/4,E1,101.00,13.00,114.00,有效发票" for number in (101, 555)]
    own = HEADER.replace("销方", "购方") + "\n".join(rows)
    sent = house.client.post(
        "/v1/imports?kind=invoices.sale&filename=own.csv", data=own.encode(), headers=house.owner("local:E2")
    )
    assert sent.status_code == 202, sent.json
    house.worker.run_once()
    for firm in range(1, FIRMS + 1):
        house.consent(f"local:E{firm}", purposes=("credit-assessment", "model-training"))
    return house


def table(house: House, **order: Any) -> pl.DataFrame:
    answer = house.client.post("/v1/feature-sets", json=order, headers=house.bank())
    assert answer.status_code == 200, answer.json
    return pl.read_parquet(io.BytesIO(answer.data))


class Counted:
    """An engine that notes what it does, and loses its process after so many units."""

    def __init__(self, most: int = 99) -> None:
        self.units: list[Any] = []
        self._most = most

    def run(self, work: Callable[[Any], Any], units: list[Any]) -> Iterator[Any]:
        for place, ran in enumerate(Here().run(work, units)):
            if place == self._most:
                raise EngineUnavailable("The scheduler is gone.")
            self.units.append(ran.unit)
            yield ran


def forget(house: House) -> None:
    """Forget what was kept, and what is remembered."""
    with house.context.database.begin() as session:
        session.execute(delete(FeatureSnapshot))


def with_engine(house: House, engine: Any) -> None:
    object.__setattr__(house.context, "engine", engine)


def test_a_set_is_the_same_however_it_is_cut(street: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one piece and here; in units of each bucket; with other buckets; with a firm a unit; in tables of two rows."""
    engine = Counted()
    with_engine(street, engine)
    whole = table(street)
    assert (whole.height, engine.units) == (FIRMS, [])
    assert whole["enterprise"].to_list() == sorted(whole["enterprise"])
    answers = []
    for most, buckets, rows in ((3, 16, 2048), (3, 5, 2048), (1, 1, 2), (2, 16, 4)):
        forget(street)
        monkeypatch.setattr(read_feature_set, "at_once", lambda *_, most=most: most)
        rebucket(street.context, buckets)
        monkeypatch.setattr(read_feature_set, "TOGETHER", rows)
        before = len(engine.units)
        answers.append(table(street))
        done = engine.units[before:]
        assert len(done) >= FIRMS / most
        assert sorted(name for unit in done for name in unit.firms.enterprises) == whole["enterprise"].to_list()
        assert_frame_equal(answers[-1], whole)
    spoken = whole.filter(pl.col("confirmed").is_not_null())
    assert spoken["enterprise"].to_list() == ["local:E2"]
    assert orjson.loads(spoken["evidence"].item())["confirmed_by"]["other_side"] == 11_400


def test_a_set_that_broke_off_goes_on_where_it_was(street: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a unit has brought is kept with its version; done twice is done once."""
    whole = table(street)
    forget(street)
    monkeypatch.setattr(read_feature_set, "at_once", lambda *_: 1)
    broken = Counted(most=4)
    with_engine(street, broken)
    assert street.client.post("/v1/feature-sets", json={}, headers=street.bank()).status_code == 503
    rest = Counted()
    with_engine(street, rest)
    assert_frame_equal(table(street), whole)
    done, left = ({unit.firms.enterprises for unit in each.units} for each in (broken, rest))
    assert (len(done), len(left), done & left) == (4, FIRMS - 4, set())
    assert_frame_equal(table(street), whole)
    assert len(rest.units) == FIRMS - 4


def test_a_past_moment_is_told_the_same_in_parts(street: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is kept; what has become known since is in no unit."""
    then = street.book()["known_at"]
    whole = table(street, known_at=then)
    street.send("invoices.purchase", HEADER + "E3,999,2019/1/4,E1,900000.00,13.00,900013.00,有效发票\n")
    monkeypatch.setattr(read_feature_set, "at_once", lambda *_: 2)
    engine = Counted()
    with_engine(street, engine)
    assert_frame_equal(table(street, known_at=then, as_of="2019-02-04"), whole)
    assert engine.units


def test_what_a_unit_needed_is_gone_afterwards(street: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables, the file of documents and the pieces of the answer."""
    monkeypatch.setattr(read_feature_set, "at_once", lambda *_: 2)
    monkeypatch.setattr(read_feature_set, "TOGETHER", 2)
    monkeypatch.setattr(read_feature_set, "IN_MEMORY", 100)
    assert table(street).height == FIRMS
    home = street.context.settings
    left = [path for place in (home.peers, home.looks) for path in place.rglob("*")]
    assert [path for path in left if "set-" in str(path.parent) and path.is_file()] == []
    assert list(home.scratch.rglob("*.parquet")) == []


def test_a_set_under_way_is_not_disturbed_by_what_the_clock_brings(
    street: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is past its keeping goes each night, with all files of peers that nobody names."""
    monkeypatch.setattr(read_feature_set, "at_once", lambda *_: 2)

    class Swept(Counted):
        def run(self, work: Callable[[Any], Any], units: list[Any]) -> Iterator[Any]:
            tidy(street.context, unnamed=0.0)
            yield from super().run(work, units)

    engine = Swept()
    with_engine(street, engine)
    assert (table(street).height, bool(engine.units)) == (FIRMS, True)


def test_units_of_a_bucket_are_bounded() -> None:
    """By firms, and by the invoices that firms of the book have on average."""
    names = [f"local:E{place}" for place in range(5000)]
    cut = list(describe_parts.stretches(names, 100, 16))
    assert sorted(name for _, _, part in cut for name in part) == sorted(names)
    assert max(len(part) for _, _, part in cut) == 100
    assert all({delta.bucket_of(name, 16) for name in part} == {bucket} for bucket, _, part in cut)
    assert describe_parts.at_once(0, 0) >= 1
    assert describe_parts.at_once(11_000_000, 100_000) == 1818
    assert describe_parts.at_once(1_000_000, 385) == 77
