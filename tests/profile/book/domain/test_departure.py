"""What records are called, before and after a number of twenty digits was enough to know an invoice by."""

from __future__ import annotations

import hashlib
from datetime import date

import orjson
import polars as pl

from services.profile.book.domain import relation
from services.profile.book.domain.departure import Departure, named, names_of, names_of_each, remaining
from services.profile.book.domain.invoice import DATASET

DIGITAL = "26332000000000000901"
IDENTITY = ("sale", "local:E1", None, DIGITAL, "B1", date(2025, 6, 1), 11300)


def row(**changed: object) -> dict[str, object]:
    said = dict(zip(DATASET.identity, IDENTITY, strict=True)) | {"net_fen": 1, "tax_fen": 1, "status": "valid"}
    return said | changed


def frame(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={name: DATASET.schema[name] for name in DATASET.content})


def whole(one: dict[str, object]) -> str:
    """Return the name made of the whole identity."""
    said = orjson.dumps(["invoices", *(one[name] for name in DATASET.identity)])
    return f"rec_{hashlib.sha256(said).hexdigest()[:32]}"


def test_a_version_of_a_digital_invoice_keeps_its_name() -> None:
    """Another total and another day: the same record."""
    assert names_of(DATASET, frame(row(), row(total_fen=1, date=date(2025, 7, 1)))).n_unique() == 1


def test_an_older_number_keeps_the_name_that_it_had() -> None:
    """It is made of the whole identity, as before."""
    old = row(number="00012345")
    assert names_of(DATASET, frame(old)).to_list() == [whole(old)]
    assert names_of_each(DATASET, [old]) == [(whole(old), None)]


def test_a_name_given_before_still_means_the_statement_that_it_named() -> None:
    """What left by it stays gone, another statement of the number does not."""
    other = row(total_fen=1)
    rows = frame(row(), other)
    assert named(DATASET, rows, [whole(row())]).to_list() == [True, False]
    assert names_of_each(DATASET, [row()])[0][1] == whole(row())
    assert remaining(DATASET, rows, [Departure("local:E1", "invoices", whole(row()))]).rows() == frame(other).rows()


def test_a_digital_invoice_leaves_with_all_of_its_versions() -> None:
    """By its present name."""
    rows = frame(row(), row(total_fen=1), row(number="1"))
    name = names_of(DATASET, rows)[0]
    assert remaining(DATASET, rows, [Departure("local:E1", "invoices", name)]).height == 1


def test_a_record_without_a_number_leaves_too() -> None:
    """A tie told by a register is named by its parties and dates; no printed bracket can be in it."""
    row = dict.fromkeys(relation.DATASET.schema)
    rows = pl.DataFrame(
        [row | {"enterprise": "local:A", "relation": "shareholder", "party": f"local:{other}"} for other in "BC"],
        schema=relation.DATASET.schema,
    )
    gone = Departure("local:A", relation.DATASET.records, str(names_of(relation.DATASET, rows)[0]))
    assert remaining(relation.DATASET, rows, [gone])["party"].to_list() == ["local:C"]
