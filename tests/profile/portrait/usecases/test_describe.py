"""Describing enterprises from a real lake in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from invoice_books import AS_OF, book, purchase, sale

from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.lake import Lake
from services.profile.portrait.usecases.describe import NAMES, Describer, digest


def fill(lake: Lake, name: str, invoices: pl.DataFrame) -> int:
    """Commit invoices to the lake and return its version."""
    rows = invoices.drop("version", "known_at", "import_id").with_row_index("line")
    return lake.append(rows, name, {}, now=datetime.now(UTC)).version


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    made = Lake(str(tmp_path / "lake"))
    made.create()
    return made


@pytest.fixture
def version(lake: Lake) -> int:
    return fill(
        lake,
        "imp_1",
        book(sale("2020-01-01", 100), purchase("2019-12-01", 60), sale("2020-01-05", 7, enterprise="local:E2")),
    )


def one_of(enterprise: str) -> Whole:
    return Whole(Why.PEERS, (enterprise,))


def test_a_set_holds_the_values_and_hashes_of_the_single_enterprises(lake: Lake, version: int) -> None:
    """One code path for one firm and for many."""
    describer, moment = Describer(lake), Moment(version, AS_OF)
    found = describer.feature_set(Whole(Why.PEERS), moment)
    assert found == {name: describer.features(one_of(name), moment) for name in ("local:E1", "local:E2")}


def test_a_set_of_named_enterprises_holds_only_those(lake: Lake, version: int) -> None:
    """An enterprise without invoices has no row."""
    found = Describer(lake).feature_set(Whole(Why.PEERS, ("local:E2", "local:E9")), Moment(version, AS_OF))
    assert list(found) == ["local:E2"]


def test_an_enterprise_without_invoices_is_described_as_unknown(lake: Lake, version: int) -> None:
    """All values are None, the file is thin, and the hash is that of these values."""
    found = Describer(lake).features(one_of("local:E9"), Moment(version, AS_OF))
    assert set(found.values.values()) == {None}
    assert found.depth == "E"
    assert found.features_sha256 == digest(dict.fromkeys(NAMES), AS_OF)


def test_an_earlier_version_of_the_lake_is_described_as_it_was(lake: Lake, version: int) -> None:
    """A later import changes neither a remembered nor a fresh description of the past."""
    before = Describer(lake).features(one_of("local:E1"), Moment(version, AS_OF))
    later = fill(lake, "imp_2", book(sale("2020-02-01", 500, number="99")))
    fresh = Describer(lake)
    assert fresh.features(one_of("local:E1"), Moment(later, AS_OF)).values["sales_12m"] == 600
    assert fresh.features(one_of("local:E1"), Moment(version, AS_OF)) == before


def test_the_hash_names_the_date_and_every_value() -> None:
    """Another day or another value is another hash; the order of names is not."""
    values = {"a": 1.0, "b": None}
    assert digest(values, AS_OF) == digest(dict(reversed(values.items())), AS_OF)
    assert digest(values, AS_OF) != digest(values, date(2020, 2, 20))
    assert digest(values, AS_OF) != digest({"a": 1.0, "b": 0.0}, AS_OF)
