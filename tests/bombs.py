"""Files that are small and unpack to much, a kind a way."""

from __future__ import annotations

import gzip
import io
import resource
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

import polars as pl

from chassis.core.errors import Refused
from services.profile.book.domain.columns import KINDS
from services.profile.book.readers import parquet
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import FileTooLarge, Limits
from services.profile.book.readers.slices import Known, Step, flat
from services.scoring.domain.errors import TableUnreadable
from services.scoring.usecases.read_table import read_table


def parquet_bomb(path: Path, random: Random, size: int, others: Mapping[str, str] | None = None) -> None:
    """Write a Parquet file of some kilobytes whose text unpacks to `size` bytes: one long value for many rows.

    `others` are columns of one short value each, for a file that is read as what it says it is.
    """
    cell = random.randrange(1_000, 900_000)
    rows = size // cell + 1
    letter = random.choice("x发")
    # By its category a value is held once here too.
    said = {**(others or {}), "备注": letter * cell}
    columns = [pl.Series(name, [text]).cast(pl.Categorical).new_from_index(0, rows) for name, text in said.items()]
    number = pl.int_range(rows, eager=True).alias("发票号码")
    pl.DataFrame([number, *columns]).write_parquet(path, compression=random.choice(["zstd", "snappy", "gzip"]))


def most_of_children(path: Path) -> int:
    """Open a bomb as profile and as scoring do, and return the most bytes that a child of this process has taken."""
    with suppress(FileTooLarge):
        parquet.opened(KINDS["workbook"], path, Limits())
    with suppress(TableUnreadable):
        read_table("bomb.parquet", path.read_bytes())
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


TITLES = "number,date,seller,buyer,net,tax,total,status"
# What banks send to scoring.
TABLES = (".gz", ".csv", ".parquet")
MEBIBYTE = 1 << 20
# A bomb of time is given less of it than a file of somebody's.
SECONDS = 30.0
# As `bring_slices` makes them of the memory that an import is given.
STEP = Step(1 << 18, 16 * MEBIBYTE)


def told_and_peaks(kind: str, path: Path) -> tuple[str, int, int]:
    """Read a file as an import does, in slices and whole, and a table as scoring does.

    Return the words of its last refusal, or "" where it was read, and the most bytes that this process and a child of
    it have taken. In a fresh process: the peaks are those of its life.
    """
    form, limits, said = KINDS[kind], Limits(seconds=SECONDS), ""
    try:
        with flat(form, path, limits) as table:
            for _ in table.slices(STEP, Known()) if table else ():
                pass
    except Refused as refusal:
        said = refusal.detail
    except Exception as error:  # what a first reading has learnt is no refusal
        if type(error).__name__ != "Learnt":
            raise
    try:
        read(form, path, limits)
    except Refused as refusal:
        said = refusal.detail
    if path.suffix in TABLES:
        with suppress(TableUnreadable):
            read_table(path.name, path.read_bytes())
    return said, own_peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def own_peak() -> int:
    """Return the most bytes that this process has held since it began to run its program."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024


def _gzip(folder: Path, random: Random) -> tuple[str, Path]:
    """A text that is packed a thousandfold: rows of blanks, of separators, or one line without end."""
    path, size = folder / "bomb.csv.gz", random.randrange(260, 330) * MEBIBYTE
    piece = random.choice([b"x" * 900_000 + b"\n", b"," * 7 + b"\n", b'"' + b"y" * 1000 + b'",' * 7 + b"\n", b"z"])
    piece *= MEBIBYTE // len(piece) + 1
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(TITLES.encode() + b"\n")
        for _ in range(size // len(piece)):
            file.write(piece)
    return "invoices.sale", path


def _csv(folder: Path, random: Random) -> tuple[str, Path]:
    """A million columns, a cell of many megabytes, a line without end, or nothing but separators."""
    path = folder / "bomb.csv"
    way = random.randrange(4)
    with path.open("wb") as file:
        if way == 0:
            titles = b",".join(b"c%d" % place for place in range(random.randrange(100_000, 140_000)))
            file.write(titles + b"\n" + titles + b"\n")
            return "invoices.sale", path
        file.write(TITLES.encode() + b"\n")
        if way == 1:
            file.write(b'1,"')
        for _ in range(random.randrange(40, 250)):
            file.write((b"," * 7 + b"\n") * (MEBIBYTE // 8) if way == 2 else b"x" * MEBIBYTE)
    return random.choice(["invoices.sale", "enterprises"]), path


def _xlsx(folder: Path, random: Random) -> tuple[str, Path]:
    """One long text for very many cells, sheets without end, numbers without end, or cells that lie far apart."""
    path, way = folder / "bomb.xlsx", random.randrange(4)
    rows = random.randrange(4_000, 20_000)
    text = "发票" * 10_000 if way == 0 else "x"
    shared = f"<sst><si><t>{text}</t></si></sst>"
    cell = {0: '<c t="s"><v>0</v></c>', 1: '<c t="s"><v>0</v></c>', 2: "<c><v>1.5</v></c>", 3: "<c><v>1</v></c>"}[way]
    row = f"<row>{cell * 16}</row>"
    if way == 3:
        row = f'<row r="1">{cell}</row><row r="{random.randrange(900_000, 1_048_576)}"><c r="ZZ9"><v>2</v></c></row>'
    sheets = 200 if way == 1 else 1
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        names = [f"s{number}" for number in range(sheets)]
        for name, data in _book(names).items():
            archive.writestr(name, data)
        archive.writestr("xl/sharedStrings.xml", shared)
        body = row if way == 3 else row * (rows * (12 if way == 2 else 1))
        for number in range(sheets):
            sheet = f"<worksheet><sheetData>{body}</sheetData></worksheet>"
            archive.writestr(f"xl/worksheets/sheet{number + 1}.xml", sheet)
    return random.choice(["invoices.sale", "workbook"]), path


def _book(names: list[str]) -> dict[str, str]:
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    sheets = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(names, 1))
    targets = "".join(
        f'<Relationship Id="r{n}" Type="{relations}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n, _ in enumerate(names, 1)
    )
    strings = f'<Relationship Id="s" Type="{relations}/sharedStrings" Target="sharedStrings.xml"/>'
    first = f'<Relationship Id="w" Type="{relations}/officeDocument" Target="xl/workbook.xml"/>'
    return {
        "_rels/.rels": f'<Relationships xmlns="{package}">{first}</Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}">{targets}{strings}</Relationships>',
    }


def _zip(folder: Path, random: Random) -> tuple[str, Path]:
    """Invoices of nothing but lines, as they are or each in a zip of its own; or one table, or a zip of zips."""
    path, way = folder / "bomb.zip", random.randrange(4)
    lines = b"<IssuItemInformation/>" * ((4 * MEBIBYTE - 100) // 22)
    invoice = b"<EInvoice>" + lines + b"</EInvoice>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if way == 2:
            with archive.open("table.csv", "w") as table:
                table.write(TITLES.encode() + b"\n")
                for _ in range(random.randrange(260, 300)):
                    table.write(b"x" * (MEBIBYTE - 1) + b"\n")
            return "invoices.sale", path
        inner = invoice if way == 0 else _zipped({"original_invoice.xml": invoice})
        for depth in range(random.randrange(1, 4) if way == 3 else 0):
            inner = _zipped({f"{depth}-{number}.zip": inner for number in range(16)})
        for number in range(random.randrange(20, 60)):
            archive.writestr(f"{number}.{'xml' if way == 0 else 'ofd'}", inner)
    return "invoices.sale", path


def _zipped(entries: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return packed.getvalue()


def _xml(folder: Path, random: Random) -> tuple[str, Path]:
    """Entities of entities, elements within elements, very many beside one another, or one text without end."""
    path = folder / "bomb.xml"
    many = random.randrange(100_000, 190_000)
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    body = random.choice(
        [
            f'<!DOCTYPE EInvoice [<!ENTITY l0 "ha">{laughs}]><EInvoice>&l11;</EInvoice>',
            f"<EInvoice>{'<a>' * many}{'</a>' * many}</EInvoice>",
            f"<EInvoice>{'<IssuItemInformation/>' * many}</EInvoice>",
            f"<EInvoice><InvoiceNumber>{'9' * (3 * MEBIBYTE + many)}</InvoiceNumber></EInvoice>",
            f"<EInvoice>{'<a/>' * (8 * many)}</EInvoice>",
        ]
    )
    path.write_text(body)
    return "invoices.sale", path


def _json(folder: Path, random: Random) -> tuple[str, Path]:
    """Empty lists and objects without end, a record of very many fields, lists within lists, or a long text."""
    path, size = folder / "bomb.json", random.randrange(16, 60) * MEBIBYTE
    piece = random.choice(["[],", "{},", '{"a":1},', "[[[[]]]],", "1,", '"😀' + "x" * 1000 + '",'])
    many = size // 14
    body = random.choice(
        [
            f"[{(piece * (size // len(piece.encode()))).rstrip(',')}]",
            "[{" + ",".join(f'"k{n}":{n}' for n in range(many // 2)) + "}]",
            "[" * many + "]" * many,
        ]
    )
    path.write_text(body)
    return "invoices.sale", path


def _page(folder: Path, random: Random) -> tuple[str, Path]:
    """Cells over a thousand columns, rows without end, cells without end."""
    path, size = folder / "bomb.xls", random.randrange(2, 12) * MEBIBYTE
    piece = random.choice(["<tr><td colspan=1000>x", "<tr>", "<tr><td>", "<td>x</td>"])
    path.write_text(f"<html><table>{piece * (size // len(piece))}</table></html>")
    return "invoices.sale", path


def _numbers(folder: Path, random: Random) -> tuple[str, Path]:
    """A Parquet file of some kilobytes with very many numbers: one value for a column, or for a hundred of them."""
    path = folder / "bomb.parquet"
    columns, rows = random.choice([(1, 200_000_000), (40, 2_000_000), (300, 1_000_000), (3_000, 100_000)])
    dtype = random.choice([pl.Int64, pl.Float64, pl.Int32]) if columns > 1 else pl.Int8
    column = pl.repeat(random.randrange(100), rows, dtype=dtype, eager=True)
    titles = [*TITLES.split(","), *(f"c{place}" for place in range(columns))][:columns]
    pl.DataFrame(dict.fromkeys(titles, column)).write_parquet(path, compression="zstd")
    return "invoices.sale", path


def _text(folder: Path, random: Random) -> tuple[str, Path]:
    path = folder / "bomb.parquet"
    parquet_bomb(path, random, size=random.randrange(1_000, 4_000) * MEBIBYTE)
    return "invoices.sale", path


BOMBS: Final[Mapping[str, Callable[[Path, Random], tuple[str, Path]]]] = {
    "gzip": _gzip,
    "csv": _csv,
    "xlsx": _xlsx,
    "zip": _zip,
    "xml": _xml,
    "json": _json,
    "page": _page,
    "parquet-numbers": _numbers,
    "parquet-text": _text,
}
