"""Workbooks for tests, made from rows: .xlsx, and .xls as Excel 97 wrote it."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

Cell = str | int | float | Decimal | bool | date | None
Rows = Sequence[Sequence[Cell]]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = (
    f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="0"/><cellXfs count="3"><xf numFmtId="0"/>'
    '<xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>'
)
DAY, MOMENT = 1, 2


def xlsx(
    path: Path,
    sheets: Mapping[str, Rows],
    *,
    hidden: Sequence[str] = (),
    merged: Sequence[str] = (),
    shared: bool = False,
    from_1904: bool = False,
) -> Path:
    """Write a workbook: texts as texts, numbers as numbers, days and moments as formatted numbers."""
    strings: dict[str, int] = {}
    drawn = {
        name: _sheet(rows, strings if shared else None, merged, from_1904=from_1904) for name, rows in sheets.items()
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", TYPES)
        book.writestr("_rels/.rels", _relations({"r1": ("officeDocument", "xl/workbook.xml")}))
        book.writestr("xl/workbook.xml", _workbook(list(sheets), hidden, from_1904=from_1904))
        targets = {f"s{place}": ("worksheet", f"worksheets/sheet{place}.xml") for place in range(1, len(sheets) + 1)}
        others = {"st": ("styles", "styles.xml"), "sh": ("sharedStrings", "sharedStrings.xml")}
        book.writestr("xl/_rels/workbook.xml.rels", _relations({**targets, **others}))
        book.writestr("xl/styles.xml", STYLES)
        items = "".join(f"<si><t xml:space='preserve'>{escape(text)}</t></si>" for text in strings)
        book.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{items}</sst>')
        for place, text in enumerate(drawn.values(), 1):
            book.writestr(f"xl/worksheets/sheet{place}.xml", text)
    return path


def _workbook(names: Sequence[str], hidden: Sequence[str], *, from_1904: bool) -> str:
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{place}" r:id="s{place}"'
        f"{' state=' + quoteattr('hidden') if name in hidden else ''}/>"
        for place, name in enumerate(names, 1)
    )
    base = '<workbookPr date1904="1"/>' if from_1904 else ""
    return f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{base}<sheets>{sheets}</sheets></workbook>'


def _relations(targets: Mapping[str, tuple[str, str]]) -> str:
    items = "".join(
        f'<Relationship Id="{key}" Type="{OFFICE}/{sort}" Target="{target}"/>'
        for key, (sort, target) in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{items}</Relationships>'


def _sheet(rows: Rows, strings: dict[str, int] | None, merged: Sequence[str], *, from_1904: bool) -> str:
    lines = []
    for line, row in enumerate(rows, 1):
        cells = "".join(
            _cell(f"{_letters(place)}{line}", value, strings, from_1904=from_1904) for place, value in enumerate(row)
        )
        if cells:
            lines.append(f'<row r="{line}">{cells}</row>')
    joined = "".join(f'<mergeCell ref="{place}"/>' for place in merged)
    merges = f'<mergeCells count="{len(merged)}">{joined}</mergeCells>' if merged else ""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData>{merges}</worksheet>'


def _cell(place: str, value: Cell, strings: dict[str, int] | None, *, from_1904: bool) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        if strings is not None:
            return f'<c r="{place}" t="s"><v>{strings.setdefault(value, len(strings))}</v></c>'
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, date):
        style = MOMENT if isinstance(value, datetime) else DAY
        return f'<c r="{place}" s="{style}"><v>{_serial(value, from_1904=from_1904)!r}</v></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def _letters(place: int) -> str:
    return (_letters(place // 26 - 1) if place >= 26 else "") + chr(ord("A") + place % 26)


def _serial(value: date, *, from_1904: bool = False) -> float:
    first = date(1904, 1, 1) if from_1904 else date(1899, 12, 30)
    if not isinstance(value, datetime):
        return float((value - first).days)
    time = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
    return (value.date() - first).days + time / timedelta(days=1)


def xls(path: Path, sheets: Mapping[str, Rows]) -> Path:
    """Write an old workbook: BIFF8 in a compound file; texts of at most 255 characters."""
    bodies = [_biff_sheet(rows) for rows in sheets.values()]
    formats = b"".join(_record(0xE0, struct.pack("<HH", 0, number) + bytes(16)) for number in (0, 14, 22))
    start = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 1996, 0, 6)) + _record(0x42, b"\xb0\x04") + formats
    named = [name.encode("utf-16-le") for name in sheets]
    at = len(start) + sum(12 + len(name) for name in named) + 4
    bounds = b""
    for name, body in zip(named, bodies, strict=True):
        bounds += _record(0x85, struct.pack("<IHBB", at, 0, len(name) // 2, 1) + name)
        at += len(body)
    path.write_bytes(_compound(start + bounds + _record(0x0A, b"") + b"".join(bodies)))
    return path


def _record(sort: int, data: bytes) -> bytes:
    return struct.pack("<HH", sort, len(data)) + data


def _biff_sheet(rows: Rows) -> bytes:
    width = max(map(len, rows), default=0)
    parts = [
        _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 1996, 0, 6)),
        _record(0x200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0)),
    ]
    for line, row in enumerate(rows):
        for place, value in enumerate(row):
            if value is not None and value != "":
                parts.append(_biff_cell(line, place, value))
    return b"".join([*parts, _record(0x0A, b"")])


def _biff_cell(line: int, place: int, value: Cell) -> bytes:
    style = MOMENT if isinstance(value, datetime) else DAY if isinstance(value, date) else 0
    head = struct.pack("<HHH", line, place, style)
    if isinstance(value, bool):
        return _record(0x205, head + bytes([value, 0]))
    if isinstance(value, str):
        text = value.encode("utf-16-le")
        return _record(0x204, head + struct.pack("<HB", len(text) // 2, 1) + text)
    number = _serial(value) if isinstance(value, date) else float(value or 0)
    return _record(0x203, head + struct.pack("<d", number))


def _compound(stream: bytes) -> bytes:
    """Wrap the stream of a workbook as the compound file that Excel 97 wrote: header, table of sectors, one stream."""
    free, end, table, size = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 512
    stream += bytes(-len(stream) % size if len(stream) > 4096 else 4096 - len(stream))
    sectors = len(stream) // size
    tables = 1
    while tables * 128 < tables + 1 + sectors:
        tables += 1
    chain = [table] * tables + [end] + [tables + 2 + place for place in range(sectors - 1)] + [end]
    chain += [free] * (tables * 128 - len(chain))
    listed = [*range(tables), *[free] * (109 - tables)]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, tables, tables, 0, 4096, end, 0, end, 0)
    header += struct.pack("<109I", *listed)
    entries = _entry("Root Entry", 5, 1, end, 0) + _entry("Workbook", 2, free, tables + 1, len(stream))
    return header + struct.pack(f"<{len(chain)}I", *chain) + entries + bytes(256) + stream


def _entry(name: str, sort: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    links = struct.pack("<BBIII", sort, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
    return text.ljust(64, b"\0") + struct.pack("<H", len(text)) + links + bytes(36) + struct.pack("<IQ", start, size)
