"""A few hundred damaged files of every form; `make mutations` does twenty thousand."""

from __future__ import annotations

from mutations import run


def test_damaged_files_are_read_or_refused_and_make_no_money() -> None:
    """No other error, rows that add up, and no amount that does not stand in the file."""
    told = run(300)
    assert told.failures == []
    assert min(told.files["read"], told.files["refused"], told.rows["rejected"]) > 50
