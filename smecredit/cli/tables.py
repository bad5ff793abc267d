"""Tables that people have on their disk: CSV as their programs write it, packed or not."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path

import click

PACKED = b"\x1f\x8b"
# UTF-8, or GB18030, in which Chinese spreadsheets write CSV.
ENCODINGS = ("utf-8-sig", "gb18030")
DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))(?:[ T]\d{1,2}:.*)?")


def text_of(file: Path) -> str:
    """Return a file's text; raise `click.BadParameter` where it is none."""
    content = file.read_bytes()
    if content.startswith(PACKED):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise click.BadParameter(f"{file} cannot be unpacked: {error}") from error
    for encoding in ENCODINGS:
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise click.BadParameter(f"{file} is neither UTF-8 nor GB18030.")


def rows_of(file: Path, names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a CSV's rows under our names (by title), without empty cells and columns that have no name here."""
    return [
        {
            names[title.strip()]: cell.strip()
            for title, cell in row.items()
            if title and title.strip() in names and isinstance(cell, str) and cell.strip()
        }
        for row in csv.DictReader(io.StringIO(text_of(file), newline=""))
    ]


def day_of(text: str) -> date:
    """Return a day as tables write it, perhaps with a time of day behind it; raise `ValueError` where it is none.

    >>> day_of("2026-01-05"), day_of("2026/1/5 09:30"), day_of("2026年1月5日")
    (datetime.date(2026, 1, 5), datetime.date(2026, 1, 5), datetime.date(2026, 1, 5))
    """
    found = DAY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text} is no day; write 2026-01-05")
    return date(*(int(part) for part in found.groups() if part))
