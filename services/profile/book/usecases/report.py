"""The report of an import's rejected rows: a CSV beside the file as received."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from services.profile.book.context import Context
from services.profile.book.domain.sheet import Sheet
from services.profile.book.usecases.receive import sync_folder


def reject_report(context: Context, import_id: str) -> Path:
    """Return where the report of an import lies."""
    return context.settings.uploads / f"{import_id}.rejects.csv"


def write_report(path: Path, sheets: Sequence[Sheet]) -> None:
    """Write the report whole or not at all."""
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        pl.concat([sheet.reported() for sheet in sheets]).write_csv(file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)
