"""A look at a file of 100 MB before it is sent, next to pandas (a workbook: calamine) reading that file whole.

Ours takes the file as it comes in, keeps its head, finds encoding, separator and header, weighs every column against
every kind, tries each kind and connector that fits and checks a thousand rows as an import would. The peer, which knows
nothing of kinds, reads the table: what somebody does who wants to look at it.
"""

from __future__ import annotations

import gzip
import shutil
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from benchmarks.granted import SOURCE, grant_source
from benchmarks.import_book import generated_file
from chassis.core import logs
from services.profile.book.usecases.preview import Wish, preview
from services.profile.composition import make_context, migrate
from services.profile.settings import Settings

ROWS = 1_560_000  # about 100 MB as text
WORKBOOK_ROWS = 100_000
PART = "http://schemas.openxmlformats.org"


def run(rounds: int = 3) -> dict[str, Any]:
    """Measure seconds, rounds alternating; medians are reported."""
    logs.configure("benchmark", level="WARNING")
    with TemporaryDirectory() as folder:
        text = unpacked(generated_file(Path(folder) / "invoices.csv.gz", ROWS), Path(folder) / "invoices.csv")
        book = workbook(text, Path(folder) / "invoices.xlsx")
        context = _context(Path(folder) / "home")
        rows = []
        for what, file, peer in (
            (f"text of {text.stat().st_size >> 20} MB", text, _read_text),
            (f"workbook of {WORKBOOK_ROWS:,} rows", book, _read_workbook),
        ):
            _timed(partial(_look, context, file))  # libraries are loaded once
            ours, theirs = [], []
            for _ in range(rounds):
                ours.append(_timed(partial(_look, context, file)))
                theirs.append(_timed(partial(peer, file)))
            # On a busy machine the clock measures the neighbours too; the CPU's time does not.
            rows += [_row(what, ours, theirs, 0, "s"), _row(f"{what}, by CPU time", ours, theirs, 1, "CPU s")]
    return {"name": "preview", "title": "A look at a large file before it is sent", "rows": rows}


def _context(home: Path) -> Any:
    settings = Settings(home, f"sqlite:///{home}/profile.db", str(home / "lake"), jwks_url="")
    migrate(settings)
    context = make_context(settings)
    grant_source(context)
    return context


def _look(context: Any, file: Path) -> None:
    with file.open("rb") as stream:
        found = preview(context, SOURCE, Wish(), stream).found
    if found is None or found.kind != "invoices.purchase" or found.tables[0].share < 1:
        raise RuntimeError("the file was not understood")


def _read_text(file: Path) -> None:
    import pandas as pd  # noqa: PLC0415 -- the peer only

    pd.read_csv(file, dtype=str)


def _read_workbook(file: Path) -> None:
    import fastexcel  # noqa: PLC0415 -- the peer only

    fastexcel.read_excel(file).load_sheet(0, dtypes="string").to_polars()


def _timed(act: Callable[[], None]) -> tuple[float, float]:
    start, cpu = perf_counter(), process_time()
    act()
    return perf_counter() - start, process_time() - cpu


def _row(what: str, ours: list[tuple[float, float]], theirs: list[tuple[float, float]], at: int, unit: str) -> Any:
    mine, peer = (median(one[at] for one in some) for some in (ours, theirs))
    return {"what": what, "ours": round(mine, 2), "peer": round(peer, 2), "unit": unit, "ratio": round(peer / mine, 2)}


def unpacked(packed: Path, target: Path) -> Path:
    """Unpack a generated file."""
    with gzip.open(packed) as source, target.open("wb") as plain:
        shutil.copyfileobj(source, plain)
    return target


def workbook(text: Path, target: Path) -> Path:
    """Write the first rows of a text as a workbook, cell by cell."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", _types())
        archive.writestr("_rels/.rels", _related("officeDocument", "xl/workbook.xml"))
        archive.writestr("xl/_rels/workbook.xml.rels", _related("worksheet", "worksheets/sheet1.xml"))
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{PART}/spreadsheetml/2006/main" xmlns:r="{PART}/officeDocument/2006/relationships">'
            '<sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet, text.open(encoding="utf-8") as lines:
            sheet.write(f'<worksheet xmlns="{PART}/spreadsheetml/2006/main"><sheetData>'.encode())
            for row, line in zip(range(1, WORKBOOK_ROWS + 2), lines, strict=False):
                cells = (
                    f'<c r="{chr(65 + at)}{row}" t="inlineStr"><is><t>{cell}</t></is></c>'
                    for at, cell in enumerate(line.strip().split(","))
                )
                sheet.write(f'<row r="{row}">{"".join(cells)}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
    return target


def _types() -> str:
    made = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return (
        f'<Types xmlns="{PART}/package/2006/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{made}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{made}.worksheet+xml"/></Types>'
    )


def _related(sort: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{PART}/package/2006/relationships"><Relationship Id="r1" '
        f'Type="{PART}/officeDocument/2006/relationships/{sort}" Target="{target}"/></Relationships>'
    )


if __name__ == "__main__":
    for line in run()["rows"]:
        print(line)
