"""What is read as a whole has a bound in bytes, and who sends more is told which, and what to send instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.profile.book.domain.columns import KINDS
from services.profile.book.readers import page, records, workbook
from services.profile.book.readers.sheets import FileTooLarge, Limits

LIMITS = Limits(unpacked=1 << 40)


@pytest.mark.parametrize(
    ("read", "most", "instead"),
    [
        (lambda path: records.records(KINDS["payments"], path, LIMITS), 64, "send a CSV or Parquet file instead"),
        (lambda path: page.page(KINDS["payments"], path, LIMITS), 64, "save it as .xlsx or .csv"),
        (lambda path: workbook.safe(path, LIMITS), 256, "send CSV files instead"),
    ],
    ids=["json", "page", "xls"],
)
def test_a_larger_file_is_refused_unread(tmp_path: Path, read: Callable[[Path], Any], most: int, instead: str) -> None:
    """It is a file with a hole: nothing of its length is written, or read."""
    place = tmp_path / "large"
    with place.open("wb") as file:
        file.truncate((most << 20) + 1)
    with pytest.raises(FileTooLarge, match=f"more than {most} MiB; {instead}"):
        read(place)
