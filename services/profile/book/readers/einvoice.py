"""Electronic invoices: an XML, an OFD that carries one, or a zip of many of either.

A zip is unpacked within the limits of all readers. What cannot be used is reported by its place in the zip; what says
again what another entry says is counted once, and that is told.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import polars as pl

from services.profile.book.domain.form import Form
from services.profile.book.domain.invoice_lines import STATED
from services.profile.book.domain.titles import LINE, plain
from services.profile.book.domain.validation import LARGEST_SHOWN, REPORT
from services.profile.book.readers.invoice_xml import COLUMNS, UnusableInvoice, lines, parsed, row
from services.profile.book.readers.packed import TABLES, is_hidden
from services.profile.book.readers.sheets import EmptyFile, FileTooLarge, Limits, RawSheet, UnreadableFile
from services.profile.book.readers.unzip import unzipped

KINDS = ("invoices", "invoices.sale", "invoices.purchase")
LARGEST_XML, LARGEST_OFD = 4 << 20, 32 << 20
# What is handed out beside the XML of an invoice, and says the same.
PICTURES = (".pdf", ".png", ".jpg", ".jpeg")
COVER = "OFD.xml"
INVOICE_ROOT = re.compile(rb"<(?:\w+:)?(?:EInvoice|eInvoice)[\s>]")
MOST_TOLD = 5
NO_XML = (
    "an OFD without the invoice's XML; download the XML from the tax platform and send that "
    "/ OFD 中没有发票 XML，请从电子税务局下载 XML 后报送"
)
REPEATED = "entries say again what others say, counted once"
ALONE = "pictures without their XML were passed over"
# What two documents of one invoice must agree on; a day may be written in two ways.
COMPARED = [place for place, name in enumerate(COLUMNS) if name in {"seller", "buyer"} or name.endswith("_fen")]
KEY = [COLUMNS.index("code"), COLUMNS.index("number")]
SCHEMA = {"line": pl.Int64} | dict.fromkeys(COLUMNS, pl.String)


@dataclass(slots=True)
class _Read:
    """What was read of a zip so far: rows by what names their invoice, what could not be read, what came again."""

    rows: dict[tuple[str | None, ...], tuple[int, tuple[str | None, ...]]] = field(default_factory=dict)
    unread: list[tuple[int, str, str, str]] = field(default_factory=list)
    again: list[str] = field(default_factory=list)

    def take(self, line: int, name: str, found: tuple[str | None, ...]) -> None:
        """Take an invoice in, once."""
        key = tuple(found[place] for place in KEY)
        before = self.rows.setdefault(key, (line, found))
        if before[0] == line:
            return
        if any(before[1][place] != found[place] for place in COMPARED):
            reason = f"entry {before[0]} says otherwise of it / 与第 {before[0]} 个文件内容不一致"
            raise UnusableInvoice("InvoiceNumber", key[1] or "", reason)
        self.again.append(name)


def einvoices(form: Form, path: Path, limits: Limits) -> RawSheet:
    """Read an XML, an OFD or a zip of them; `line` is the place in the zip, from 1."""
    if form.kind not in KINDS:
        raise UnreadableFile(
            f"XML, OFD and zips of them are invoices; send them as one of: {', '.join(KINDS)}. "
            "/ XML、OFD 及其压缩包是发票，请按以上种类报送。"
        )
    if form.kind == "invoices" and "enterprise" not in form.constants:
        raise UnreadableFile(
            "Say whose invoices these are: send ?enterprise=, or the kind invoices.sale or .purchase. "
            "/ 请用 enterprise 注明这些发票属于哪家企业，或按 invoices.sale、invoices.purchase 报送。"
        )
    read, passed, stated = _Read(), list[str](), list[dict[str, str | int | None]]()
    for line, name, data in _documents(path, limits, passed):
        try:
            found = parsed(_xml_of(name, data, limits))
            read.take(line, name, row(found))
            stated += [{"line": line, **one} for one in lines(found)]
        except UnusableInvoice as error:
            read.unread.append((line, f"{name}!{error.tag}".lstrip("!"), error.value[:LARGEST_SHOWN], error.reason))
    if not read.rows and not read.unread:
        held = f"it holds {', '.join(passed[:MOST_TOLD])}; " if passed else ""
        raise EmptyFile(f"The zip holds no XML: {held}send the XML form of the invoices / 压缩包中没有发票 XML。")
    frame = pl.DataFrame([(line, *found) for line, found in read.rows.values()], schema=SCHEMA, orient="row")
    columns = frame.select(name for name in frame.columns if name == LINE or plain(name) in form.titles)
    return RawSheet(
        form.kind,
        columns,
        pl.DataFrame(read.unread, schema=REPORT, orient="row"),
        titles=tuple(columns.columns[1:]),
        notes=tuple(_notes(read.again, passed)),
        lines=pl.DataFrame(stated, schema=STATED),
    )


def _notes(again: list[str], passed: list[str]) -> Iterator[str]:
    if again:
        yield f"{len(again)} {REPEATED} ({_some(again)}) / 重复的发票只计一次"
    if passed:
        yield f"{len(passed)} {ALONE} ({_some(passed)}) / 只有图片、没有 XML 的发票未读入"


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST_TOLD]) + (" …" if len(names) > MOST_TOLD else "")


def _documents(path: Path, limits: Limits, passed: list[str]) -> Iterator[tuple[int, str, bytes]]:
    """Give each document of the file; `passed` gets the names of pictures that stand alone."""
    with path.open("rb") as file:
        packed = file.read(2) == b"PK"
    if not packed:
        if path.stat().st_size > LARGEST_XML:
            raise FileTooLarge(
                f"An invoice of more than {LARGEST_XML >> 20} MiB; send a zip of single invoices. "
                "/ 单张发票过大，请将多张发票打成压缩包报送。"
            )
        yield 1, "", path.read_bytes()
        return
    with unzipped(path) as archive:
        if COVER in archive.namelist():
            if path.stat().st_size > LARGEST_OFD:
                raise FileTooLarge(
                    f"An OFD of more than {LARGEST_OFD >> 20} MiB; send the XML of the invoice. "
                    "/ OFD 过大，请报送该发票的 XML。"
                )
            yield 1, "", path.read_bytes()
        else:
            yield from _unpacked(archive, limits, passed)


def _unpacked(archive: zipfile.ZipFile, limits: Limits, passed: list[str]) -> Iterator[tuple[int, str, bytes]]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and not is_hidden(entry.filename)]
    names = {entry: _name(entry) for entry in entries}
    with_xml = {_stem(name) for name in names.values() if name.lower().endswith(".xml")}
    with_any = with_xml | {_stem(name) for name in names.values() if name.lower().endswith(".ofd")}
    wanted = []
    for entry, name in names.items():
        if name.lower().endswith(PICTURES):
            passed += [] if _stem(name) in with_any else [PurePosixPath(name).name]
        elif not (name.lower().endswith(".ofd") and _stem(name) in with_xml):
            wanted.append((entry, PurePosixPath(name).name[:80]))
    size = 0
    for line, (entry, name) in enumerate(wanted, 1):
        # What a zip says of its sizes may be a lie: never more than this is unpacked.
        most = LARGEST_OFD if name.lower().endswith(".ofd") else LARGEST_XML
        with archive.open(entry) as packed:
            data = packed.read(most + 1)
        size += len(data)
        if len(data) > most or size > limits.unpacked:
            raise FileTooLarge(
                "The zip unpacks to more than an invoice or a file may hold; split it. "
                "/ 压缩包解压后过大，请拆分后报送。",
                entry=line,
            )
        yield line, name, data


def _xml_of(name: str, data: bytes, limits: Limits) -> bytes:
    """Return the XML of a document; that of an OFD is what it carries beside the picture, or its cover."""
    if not data.startswith(b"PK"):
        if name.lower().endswith(TABLES):
            raise UnusableInvoice("", "", "a table, no XML of an invoice; send it by itself / 是表格，请单独报送")
        return data
    try:
        with unzipped(io.BytesIO(data)) as archive:
            return _carried(archive, limits)
    except UnreadableFile:
        raise UnusableInvoice("", "", "a damaged OFD or zip / OFD 或压缩包已损坏") from None
    except FileTooLarge:
        raise UnusableInvoice("", "", "an OFD or zip of too many parts / OFD 或压缩包内文件过多") from None


def _carried(archive: zipfile.ZipFile, limits: Limits) -> bytes:
    inside = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".xml")]
    # The attachment that is the invoice is called original_invoice.xml by most programs.
    inside.sort(key=lambda entry: ("original_invoice" not in entry.filename, "/Attachs/" not in entry.filename))
    size, cover = 0, b""
    for entry in inside:
        with archive.open(entry) as packed:
            data = packed.read(LARGEST_XML + 1)
        size += len(data)
        if len(data) > LARGEST_XML or size > min(limits.unpacked, LARGEST_OFD * 4):
            raise UnusableInvoice("", "", "unpacks to more than an invoice may hold / 解压后过大")
        if INVOICE_ROOT.search(data):
            return data
        if PurePosixPath(entry.filename).name == COVER:
            cover = data
    if "合计金额".encode() in cover and "开票日期".encode() in cover:
        return cover
    raise UnusableInvoice("", "", NO_XML)


def _name(entry: zipfile.ZipInfo) -> str:
    """Return the name of an entry; what Windows packs in China is named in GBK, though the zip does not say so."""
    if not entry.flag_bits & 0x800:
        try:
            return entry.filename.encode("cp437").decode("gbk")
        except UnicodeError:
            return entry.filename
    return entry.filename


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix("")).lower() if PurePosixPath(name).name else name
