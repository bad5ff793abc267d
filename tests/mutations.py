"""Files of every form, damaged at random, through reading and checking: nothing may crash, count wrongly or make money.

`make mutations` prints what became of twenty thousand; the suite does a few hundred.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import sys
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import orjson
import polars as pl
from workbooks import Cell, xls, xlsx

from chassis.core.errors import Refused
from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.form import Form
from services.profile.book.domain.validation import check
from services.profile.book.readers.forms import form_of
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import Limits

TODAY = date(2026, 11, 1)
LIMITS = Limits(unpacked=64 << 20)
FIRM, OTHER = "91330106100000016Y", "91330106200000144W"
OWNER = f"uscc:{FIRM}"
Table = list[list[str]]
# Numbers as a file may write them: plain, in thousands, with an exponent.
PLAIN = re.compile(r"\d+(?:\.\d*)?|\.\d+")
THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
# What stands in a number and is not seen.
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
EXPONENT = re.compile(r"\d+(?:\.\d*)?[eE][+-]?\d{1,2}(?!\d)")
PIECES = (
    *(b'"', b"\n", b",", b"\r", b"\0", b"\t", b"\xff\xfe", b"\xef\xbb\xbf", b"=", b"<", b"&", b"1e9"),
    "１２".encode(),
)
XML = """<?xml version="1.0" encoding="UTF-8"?><EInvoice><EInvoiceData>
<SellerInformation><SellerIdNum>{FIRM}</SellerIdNum></SellerInformation>
<BuyerInformation><BuyerIdNum>{OTHER}</BuyerIdNum></BuyerInformation><BasicInformation>
<TotalAmWithoutTax>{net}</TotalAmWithoutTax><TotalTaxAm>{tax}</TotalTaxAm>
<TotalTax-includedAmount>{total}</TotalTax-includedAmount></BasicInformation>
<IssuItemInformation><Amount>{net}</Amount><ComTaxAm>{tax}</ComTaxAm></IssuItemInformation></EInvoiceData>
<TaxSupervisionInfo><InvoiceNumber>{number}</InvoiceNumber><IssueTime>2026-03-05</IssueTime></TaxSupervisionInfo>
</EInvoice>"""


@dataclass
class Told:
    """What became of the files: how many were read, refused or failed, their rows, and what failed."""

    files: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def run(count: int, seed: int = 11) -> Told:
    """Damage as many files and read them; what goes wrong is listed with the seed that makes it again."""
    told = Told()
    with TemporaryDirectory() as folder:
        originals = list(_originals(Path(folder)))
        path = Path(folder) / "upload"
        for number in range(count):
            random = Random(f"{seed}/{number}")
            name, form, data = random.choice(originals)
            damaged = _damaged(data, random)
            path.write_bytes(damaged)
            told.forms[name] += 1
            try:
                _look(form, path, damaged, told)
            except Refused:
                told.files["refused"] += 1
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                told.files["failed"] += 1
                told.failures.append(f"{seed}/{number} {name}: {type(error).__name__}: {str(error)[:200]}")
    return told


def _look(form: Form, path: Path, data: bytes, told: Told) -> None:
    """Read and check a file, and hold what was taken against what stands in it."""
    booked: Counter[Decimal] = Counter()
    for sheet in read(form, path, LIMITS):
        own = form if sheet.kind == form.kind else KINDS[sheet.kind]
        found = check(own, sheet.frame, own.match(sheet.titles), sheet.unread, today=TODAY)
        refused = found.report["line"].n_unique()
        told.rows.update(received=found.received, accepted=found.rows.height, rejected=found.rejected)
        assert found.received == found.rows.height + found.rejected, "rows do not add up"
        assert refused == found.rejected, "the report has other lines than were rejected"
        assert not set(found.report["line"]) & set(found.rows["line"]), "a line was taken and refused"
        money = next((name for name in ("total_fen", "amount_fen", "paid_fen") if name in found.rows.columns), None)
        if money:
            # Two sheets may be one part of the archive, so that the larger counts.
            booked |= Counter(Decimal(abs(fen)).scaleb(-2).normalize() for fen in found.rows[money].drop_nulls() if fen)
    told.files["read"] += 1
    if (written := _written(data)) is not None:
        invented = {amount: times for amount, times in booked.items() if times > written[amount]}
        assert not invented, f"booked more often than written: {invented}"


def _written(data: bytes) -> Counter[Decimal] | None:
    """Count the numbers in a file as any program may read them; None where they are binary."""
    if data.startswith((b"PAR1", b"\xd0\xcf\x11\xe0")):
        return None
    if data.startswith(b"PK"):
        try:
            return _written_in_zip(data)
        except Exception:
            return None
    if data.startswith(b"\x1f\x8b"):
        try:
            data = gzip.decompress(data)
        except Exception:
            return None
    found: Counter[Decimal] = Counter()
    for encoding in ("utf-8", "gb18030", "utf-16"):
        text = UNSEEN.sub("", unicodedata.normalize("NFKC", data.decode(encoding, "replace")))
        found |= _numbers(text)
    return found


def _written_in_zip(data: bytes) -> Counter[Decimal]:
    found: Counter[Decimal] = Counter()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            with suppress(Exception):
                found.update(_written(archive.read(entry)) or Counter())
    return found


def _numbers(text: str) -> Counter[Decimal]:
    found: Counter[Decimal] = Counter()
    for pattern in (PLAIN, THOUSANDS, EXPONENT):
        for token in pattern.findall(text):
            try:
                number = Decimal(token.replace(",", ""))
            except InvalidOperation:
                continue
            found[number.normalize()] += 1
            if "." in token and len(token) > 9:
                # Behind the eighth decimal, and behind the fifteenth digit, is noise.
                found[round(number, 2).normalize()] += 1
    return found


def _damaged(data: bytes, random: Random) -> bytes:
    """Damage a file once or a few times; what is packed is damaged inside as often as outside."""
    if data.startswith(b"PK") and random.random() < 0.7:
        return _damaged_inside(data, random)
    for _ in range(random.randint(1, 4)):
        data = random.choice(DAMAGES)(data, random)
    return data


def _damaged_inside(data: bytes, random: Random) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        names = given.namelist()
        hit = random.choice(names)
        for name in names:
            inside = given.read(name)
            target.writestr(name, _damaged(inside, random) if name == hit else inside)
    return made.getvalue()


def _flip(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.randint(1, 6)):
        if changed:
            changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def _cut(data: bytes, random: Random) -> bytes:
    return data[: random.randint(0, len(data))]


def _drop(data: bytes, random: Random) -> bytes:
    start = random.randint(0, len(data))
    return data[:start] + data[start + random.randint(1, 60) :]


def _repeat(data: bytes, random: Random) -> bytes:
    start = random.randint(0, len(data))
    end = start + random.randint(1, 200)
    return data[:end] + data[start:end] + data[end:]


def _insert(data: bytes, random: Random) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.choice(PIECES) + data[at:]


def _swap_columns(data: bytes, random: Random) -> bytes:
    lines = data.split(b"\n")
    if (sign := random.choice((b",", b"\t", b";", b"</td>", b"</c>"))) not in lines[0]:
        return data
    cells = [line.split(sign) for line in lines]
    one, other = random.randrange(len(cells[0])), random.randrange(len(cells[0]))
    for row in cells if random.random() < 0.5 else cells[: random.randint(1, 3)]:
        if max(one, other) < len(row):
            row[one], row[other] = row[other], row[one]
    return b"\n".join(sign.join(row) for row in cells)


def _swap_lines(data: bytes, random: Random) -> bytes:
    lines = data.split(b"\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _recode(data: bytes, random: Random) -> bytes:
    given, wanted = random.sample(("utf-8", "gb18030", "utf-16", "latin-1"), 2)
    start = random.choice((0, random.randint(0, len(data))))
    return data[:start] + data[start:].decode(given, "replace").encode(wanted, "replace")


DAMAGES: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(_flip, _cut, _drop, _repeat, _insert, _swap_columns, _swap_lines, _recode),
)


def _originals(folder: Path) -> Iterator[tuple[str, Form, bytes]]:
    """Give good files of every form and of several kinds, with how they are read."""
    for kind, (form, table) in _tables().items():
        for name, data in _forms(table, folder).items():
            yield f"{name} {kind}", form, data
    form = KINDS["invoices"].of(OWNER)
    invoices = [_xml(number) for number in range(3)]
    yield "xml", form, invoices[0]
    ofd = _zip({"OFD.xml": b"<OFD/>", "Doc_0/Attachs/original_invoice.xml": invoices[1]})
    yield "ofd", form, ofd
    yield "zip", form, _zip({"a.xml": invoices[0], "b.ofd": ofd, "c.xml": invoices[2], "c.pdf": b"%PDF"})
    purchase = [[title.replace("购方识别号", "销方识别号") for title in _sales()[0]], *_sales()[1:]]
    three = {"企业信息": [["企业代号", "企业名称"], [FIRM, "甲"]], "进项发票信息": purchase, "销项发票信息": _sales()}
    yield "workbook", KINDS["workbook"], xlsx(folder / "w", three).read_bytes()
    yield "old workbook", KINDS["workbook"], xls(folder / "w", three).read_bytes()


def _tables() -> Mapping[str, tuple[Form, Table]]:
    statement = [["交易日期", "交易流水号", "借方发生额", "贷方发生额", "对方统一社会信用代码", "用途"]]
    statement += [["20260301", f"T{n}", "", f"{n}1,300.0{n}", OTHER, "货款"] for n in range(1, 7)]
    return {
        "sales": (KINDS["invoices.sale"], _sales()),
        "statement": (form_of("payments", "bank-statement", OWNER), [["交易明细"], *statement, ["合计", "", "", "9"]]),
    }


def _sales() -> Table:
    rows = [["纳税人识别号", "发票号码", "购方识别号", "开票日期", "金额", "税额", "价税合计", "发票状态", "备注"]]
    for number in range(1, 13):
        net, tax = Decimal(number * 1234) / 100, Decimal(number * 13) / 100
        when = f"2026-03-{number:02d}"
        amounts = [str(net), str(tax), str(net + tax)]
        rows.append([FIRM, f"2633200000000000{number:04d}", OTHER, when, *amounts, "正常", "备,注"])
    return rows


def _forms(table: Table, folder: Path) -> Mapping[str, bytes]:
    text = _csv(table, ",")
    width = max(map(len, table))
    head = next(row for row in table if len(row) == width)
    records = [dict(zip(head, row, strict=False)) for row in table[table.index(head) + 1 :]]
    columns = {title: [record.get(title) for record in records] for title in head}
    frame = folder / "frame"
    pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).write_parquet(frame)
    page = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in table)
    typed: list[list[Cell]] = [[_typed(cell) for cell in row] for row in table]
    return {
        "csv": text.encode(),
        "csv gb18030": text.encode("gb18030"),
        "csv utf-16": text.encode("utf-16"),
        "tabs": _csv(table, "\t").encode(),
        "semicolons": _csv(table, ";").encode(),
        "gzip": gzip.compress(text.encode(), mtime=0),
        "json": orjson.dumps(records),
        "json lines": b"\n".join(orjson.dumps(record) for record in records),
        "parquet": frame.read_bytes(),
        "html": f"<html><table>{page}</table></html>".encode(),
        "xlsx": xlsx(folder / "x", {"1": typed, "2": [["说明"]]}).read_bytes(),
        "xls": xls(folder / "x", {"1": typed, "2": [["说明"]]}).read_bytes(),
    }


def _typed(cell: str) -> Cell:
    return float(cell) if re.fullmatch(r"\d{1,6}\.\d{1,2}", cell) else cell


def _csv(table: Table, separator: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerows(table)
    return text.getvalue()


def _xml(number: int) -> bytes:
    net, tax = Decimal(f"{number + 1}00.50"), Decimal("13.07")
    values = {"net": net, "tax": tax, "total": net + tax, "number": f"2633200000000000{number:04d}"}
    return XML.format(FIRM=FIRM, OTHER=OTHER, **values).encode()


def _zip(entries: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return made.getvalue()


def main() -> None:
    """Print what became of as many files as are asked for."""
    told = run(int(sys.argv[1]) if len(sys.argv) > 1 else 300, int(sys.argv[2]) if len(sys.argv) > 2 else 11)
    print(f"files: {dict(told.files)}")
    print(f"rows: {dict(told.rows)}")
    print(f"forms: {dict(sorted(told.forms.items()))}")
    print("\n".join(told.failures[:40]))
    sys.exit(bool(told.failures))


if __name__ == "__main__":
    main()
