"""An enterprise's own word beside what another source states."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from services.profile.book.domain.contested import CONTESTED, contested, spoken_of_again
from services.profile.book.domain.evidence import ENTERPRISES, evidence
from services.profile.book.domain.invoice import DATASET
from services.profile.portrait.domain.crosscheck import Material, check

NUMBER = "26332000000000000901"
OWN = ["imp_own", "imp_more"]


def row(by: str, version: int, hour: int, **changed: Any) -> dict[str, Any]:
    said = dict.fromkeys(DATASET.schema) | {
        "direction": "sale",
        "enterprise": "local:E1",
        "number": NUMBER,
        "counterparty": "B1",
        "date": date(2025, 6, 1),
        "total_fen": 11300,
        "net_fen": 10000,
        "tax_fen": 1300,
        "status": "valid",
    }
    return said | {"import_id": by, "version": version, "known_at": datetime(2026, 1, 1, hour, tzinfo=UTC)} | changed


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=DATASET.schema)


OTHER = {"total_fen": 11400, "net_fen": 10100, "date": date(2025, 6, 2), "counterparty": None, "status": "void"}


def test_words_that_were_refused_stand_beside_what_stands() -> None:
    """The last of them counts."""
    rows = frame(row("imp_1", 1, 1), row("imp_own", 0, 2, total_fen=1), row("imp_more", 0, 3, **OTHER))
    found = contested(spoken_of_again(rows), OWN)
    assert found.schema == CONTESTED
    assert found.select("total_fen", "own_total_fen", "own_import_id").rows() == [(11300, 11400, "imp_more")]


def test_words_that_a_source_replaced_are_compared_too() -> None:
    """What the firm said first, what a source said later; equal words are no matter."""
    later = frame(row("imp_own", 1, 1, **OTHER), row("imp_1", 2, 2))
    assert contested(spoken_of_again(later), OWN)["own_status"].to_list() == ["void"]
    confirmed = frame(row("imp_own", 1, 1), row("imp_1", 2, 2))
    assert contested(spoken_of_again(confirmed), OWN).is_empty()
    assert contested(spoken_of_again(frame(row("imp_own", 1, 1))), OWN).is_empty()
    assert contested(spoken_of_again(frame(row("imp_own", 1, 1), row("imp_more", 2, 2, **OTHER))), OWN).is_empty()


def test_each_field_that_differs_is_a_contradiction_with_both_values() -> None:
    """By number; where parties differ both are named, and what agrees agrees."""
    both = contested(frame(row("imp_1", 1, 1), row("imp_own", 0, 2, **OTHER)), OWN)
    firms = pl.DataFrame([{"enterprise": "local:E1"}], schema=ENTERPRISES)
    found = evidence(DATASET.empty(), {}, firms, both)
    books = pl.DataFrame(schema={"enterprise": pl.String, "direction": pl.String, "first": pl.Date, "last": pl.Date})
    findings = check(Material(found, DATASET.empty(), books, date(2025, 7, 1)))
    assert findings.select("rule", "subject", "left", "right", "contradicts").rows() == [
        ("own-total", NUMBER, 11400.0, 11300.0, True),
        ("own-tax", NUMBER, 1300.0, 1300.0, False),
        ("own-date", NUMBER, 20241.0, 20240.0, True),
        ("own-status", NUMBER, 0.0, 1.0, True),
        ("own-partner", f"{NUMBER}: – ≠ B1", 0.0, 1.0, True),
    ]
