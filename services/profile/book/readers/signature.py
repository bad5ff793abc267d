"""What a file is, by its first bytes and what it holds, whatever it is called."""

from __future__ import annotations

import re
from enum import Enum, auto
from pathlib import Path

from services.profile.book.readers.sheets import UnreadableFile
from services.profile.book.readers.unzip import unzipped

HEAD = 4096
BOM = b"\xef\xbb\xbf"
OLE_SCANNED = 64 << 20
MARKUP = re.compile(rb"^\s*<(?:!doctype\s+html|html|head|meta|table|style)\b", re.IGNORECASE)
# A title in brackets, as in [HISTORYDETAIL] above a statement, and no list of JSON.
BRACKETED = re.compile(rb"\[(?!(?:true|false|null)\b)[A-Za-z\x80-\xff]")
WORD = "This is a Word document; send the table as .xlsx or .csv / 这是 Word 文档，请报送 .xlsx 或 .csv 表格。"
EXCEL_2003 = b"urn:schemas-microsoft-com:office:spreadsheet"


class Sort(Enum):
    """The sorts of files that are read, and those that are told apart so that a refusal can say what they are."""

    TEXT = auto()
    JSON = auto()
    PARQUET = auto()
    XLSX = auto()
    XLS = auto()
    HTML = auto()
    XML = auto()
    OFD = auto()
    ZIP = auto()


def sort_of(path: Path) -> Sort:
    """Return what the file is; raise `UnreadableFile` for what no reader can use, saying what to send instead."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(b"PAR1"):
        return Sort.PARQUET
    if head.startswith(b"PK\x03\x04"):
        return _packed(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _compound(path)
    text = head.removeprefix(BOM).lstrip()
    _must_be_data(head)
    if MARKUP.match(text):
        return Sort.HTML
    if text.startswith(b"<"):
        if EXCEL_2003 in head:
            raise UnreadableFile(
                "This is a workbook as XML (Excel 2003); open it, save it as .xlsx and send that "
                "/ 这是 Excel 2003 的 XML 表格，请另存为 .xlsx 后报送。"
            )
        return Sort.XML
    return Sort.JSON if text.startswith((b"[", b"{")) and not BRACKETED.match(text) else Sort.TEXT


def _must_be_data(head: bytes) -> None:
    if head.startswith(b"%PDF"):
        raise UnreadableFile(
            "This is a PDF, made to be looked at; send the XML of the invoices or the table as .xlsx or .csv "
            "/ 这是 PDF，请报送发票 XML，或 .xlsx、.csv 表格。"
        )
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf")):
        raise UnreadableFile(
            "This is a picture or an archive of another make; send the table as .xlsx or .csv, or a zip "
            "/ 这是图片或其他压缩格式，请报送 .xlsx、.csv 或 zip。"
        )


def _packed(path: Path) -> Sort:
    with unzipped(path) as archive:
        names = {name.replace("\\", "/").lower() for name in archive.namelist()}
    if "xl/workbook.xml" in names or any(name.startswith("xl/worksheets/") for name in names):
        return Sort.XLSX
    if "xl/workbook.bin" in names or "content.xml" in names:
        raise UnreadableFile(
            "This is a workbook of another make (.xlsb, .ods); save it as .xlsx and send that / 请另存为 .xlsx 后报送。"
        )
    if "word/document.xml" in names:
        raise UnreadableFile(WORD)
    return Sort.OFD if "ofd.xml" in names else Sort.ZIP


def _compound(path: Path) -> Sort:
    """Tell an old workbook from one that a password locks: the names of its parts are UTF-16."""
    with path.open("rb") as file:
        data = file.read(OLE_SCANNED)
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise UnreadableFile(
            "The workbook is locked by a password; take it off, save it again and send that "
            "/ 工作簿已加密，请取消密码后另存再报送。"
        )
    if "WordDocument".encode("utf-16-le") in data:
        raise UnreadableFile(WORD)
    return Sort.XLS
