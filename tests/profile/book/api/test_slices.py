"""A big file is looked at in slices and weighed in parts: all that comes of it is what came of it whole."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from profile_house import HEADER, House, open_house
from sqlalchemy import select

from chassis.core.identity import Verifier
from chassis.data.worker import Worker
from services.profile.book import tables
from services.profile.book.context import Context
from services.profile.book.usecases import bring_slices, receive
from services.profile.jobs import handlers
from services.profile.problems import KINDS

ROW = bring_slices.ROW_IN_SLICE
LONG = "26332000000000000{:03}"
ROWS = [
    "E1,1001,2019/1/4,A1,100.00,13.00,113.00,有效发票\n",
    "E2,1001,2019/1/4,A1,100.00,13.00,113.00,有效发票\n",
    "E1,1001,2019/1/4,A1,100.00,13.00,113.00,有效发票\n",
    "E1,00012345,2019/1/6,A3,-100.00,-13.00,-113.00,作废发票\n",
    "E1,12345,2019/1/6,A3,-100.00,-13.00,-113.00,作废发票\n",
    "E3,7,2019/15/6,A3,100.00,13.00,113.00,有效发票\n",
    "E3,8,2019/1/6,A3,100.00,13.00,114.00,有效发票\n",
    "E3,=1+1,2019/1/6,甲公司,100.00,13.00,113.00,有效发票\n",
    *(f"E{n % 3},{LONG.format(n)},2019/1/6,A{n},10.00,1.30,11.30,有效发票\n" for n in range(4)),
    f"E1,{LONG.format(1)},2019/1/6,A1,20.00,2.60,22.60,有效发票\n",
    f"E2,{LONG.format(2)},2019/1/7,A2,20.00,2.60,22.60,有效发票\n",
    "E4,9,2019/1/6,,100.00,13.00,113.00,有效发票\n",
]
CORRECTED = [ROWS[0].replace("有效", "作废"), ROWS[3], f"E1,{LONG.format(1)},2019/1/6,A1,40.00,5.20,45.20,有效发票\n"]


@dataclass(frozen=True)
class Came:
    """What came of some files: their counts and words, what the lake holds, what was said of rejected rows."""

    told: dict[str, Any]
    rows: list[pl.DataFrame]
    reports: dict[str, dict[str, bytes]]
    names: list[tuple[str, str, str]]


def in_slices(house: House, rows: int | None) -> House:
    memory = ROW * rows if rows else 1 << 30
    context = replace(house.context, settings=replace(house.context.settings, import_memory=memory))
    return replace(house, context=context, worker=Worker(context.database, handlers(context), KINDS))


def outcome(house: House, files: Mapping[str, Sequence[bytes]]) -> Came:
    """Send files one after the other into one book."""
    told, reports = {}, {}
    uploads = Path(house.context.settings.uploads)
    for name, some in files.items():
        for place, file in enumerate(some):
            done = house.send(KIND.get(name, "invoices.purchase"), file)
            with house.context.database.read() as session:
                counts = session.get_one(tables.Import, done["id"]).counts
            told[f"{name} {place}"] = (done["state"], done.get("problem"), counts)
            found = sorted(uploads.glob(f"{done['id']}.*"))
            reports[f"{name} {place}"] = {path.name: path.read_bytes() for path in found if path.is_file()}
            assert not any(path.is_dir() or path.suffix in {".plain", ".utf8"} for path in found), "all is tidied up"
    with house.context.database.read() as session:
        table = tables.PartyName
        names = sorted((each.party, each.name, each.import_id) for each in session.scalars(select(table)))
    lakes = [house.context.lakes[name] for name in ("invoices", "payments")]
    rows = [lake.read(lake.newest(), without=()).drop("known_at").sort(pl.all(), nulls_last=True) for lake in lakes]
    assert not rows[0].is_empty()
    return Came(told, rows, reports, names)


@pytest.fixture
def houses(
    tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> Callable[[int | None], House]:
    """Return fresh houses, where imports have the same names, that look at so many rows at once, or at whole files."""

    def opened(rows: int | None) -> House:
        folder, numbers = tmp_path / str(rows), count()
        folder.mkdir()
        monkeypatch.setattr(receive, "new_id", lambda prefix: f"{prefix}_{next(numbers):04}")
        return in_slices(open_house(f"sqlite:///{folder}/profile.db", folder, verifier, tokens), rows)

    return opened


def text(rows: Sequence[str], header: str = HEADER) -> bytes:
    return (header + "".join(rows)).encode()


def packed(data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("一月.csv", data)
    return made.getvalue()


def parquet(rows: Sequence[str]) -> bytes:
    made = io.BytesIO()
    pl.read_csv(text(rows), infer_schema=False).write_parquet(made, row_group_size=3)
    return made.getvalue()


TOTAL = "合计,,,,300.00,39.00,339.00,\n"
MANY = [*ROWS, TOTAL, HEADER, *ROWS[:3], "\n", *(row.replace("E1,", "E7,") for row in ROWS), "E5,1,2019/1/4\n"]
SOME = [ROWS[0], TOTAL, HEADER, ROWS[5], *ROWS[7:9]]
NAMED = "企业代号,发票号码,开票日期,销方识别号,销方名称,金额,税额,价税合计,发票状态\n"
TOTALLED = "E1,1,2019/1/4,Total,1.00,0.13,1.13,有效发票\n"
PARTNER = "91350100M000100Y43"
WITH_NAMES = [f"E{n},{n},2019/1/4,{PARTNER},甲{n % 2}有限公司,1.00,0.13,1.13,有效发票\n" for n in range(5)]
WITH_NAMES += ["E1,77,2019/1/4,,乙有限公司,1.00,0.13,1.13,有效发票\n"]
ROUNDED = [f"E1,{n + 1:015}{'0' * 5},2019/1/4,A1,1.00,0.13,1.13,有效发票\n" for n in range(4)]
OFFICE_HEADER = (
    "企业代号,发票代码,发票号码,开票日期,销方识别号,金额,税额,价税合计,发票状态,是否正数发票,发票风险等级,备注\n"
)
BLUE = "被红冲蓝字数电票号码:"


def office(number: int, net: int, state: str = "正常", positive: str = "是", beside: str = "正常,") -> str:
    tax = net * 13 // 100
    return f"E1,4400,{number},2019/1/4,{PARTNER},{net}.00,{tax}.00,{net + tax}.00,{state},{positive},{beside}\n"


OFFICE = [
    office(11111111, 100),
    office(11111112, 200, "已红冲-全额"),
    office(11111113, 100, "正常", "否"),
    office(11111114, -200, "正常", "否", f"异常凭证,{BLUE}{LONG.format(1)}"),
    # Rows of one invoice: by those of the first slice it is blue, by all of them it is red, and the other way round.
    office(11111115, 100, "正常", "否", f"正常,{BLUE}{LONG.format(2)}"),
    office(11111116, -100, "正常", "是", f"正常,{BLUE}{LONG.format(3)}"),
    *(office(n, 100) for n in range(22222222, 22222227)),
    office(11111115, -300, "正常", "否", f"疑点发票,{BLUE}{LONG.format(2)}"),
    office(11111116, 300, "已红冲-部分"),
    office(11111117, 300, "失控"),
]
PAID_HEADER = "企业代号,收支方向,交易流水号,对方单位代号,交易日期,交易金额,用途,交易状态\n"
PAID = [
    f"E{n % 3},{'收' if n % 2 else '付'},T{n % 7},A{n},2019/1/{n % 5 + 1},10{n % 4}.00,货款,成功\n" for n in range(14)
]
PAID += [PAID[0], PAID[3].replace("2019", "1019"), PAID[4].replace("A4", "E1"), PAID[5].replace("货款", "代发工资")]
FILES: dict[str, list[bytes]] = {
    "plain, and corrections": [text(ROWS), text(CORRECTED), text(ROWS)],
    "totals, headers, blanks, a row cut short": [text(MANY)],
    "gzip": [gzip.compress(text(SOME))],
    "zip": [packed(text(SOME))],
    "gb18030": [text(SOME).decode().encode("gb18030")],
    "a line of another encoding": [text(SOME).decode().encode("gb18030") + ROWS[7].encode()],
    "utf-16": [text(SOME).decode().encode("utf-16")],
    "line ends in quotation": [text([*ROWS, 'E1,55,2019/1/4,"A\n1",1.00,0.13,1.13,有效发票\n', *ROWS[3:6]])],
    "a mark that stays open": [text([*ROWS, 'E1,55,2019/1/4,"A1,1.00,0.13,1.13,有效发票\n', *ROWS])],
    "a row too long": [text([*ROWS, ROWS[0].replace("\n", ",1,2\n"), *ROWS[4:7]])],
    "nothing but a header": [text([])],
    "no row of it right": [text([row.replace("2019/", "1019/") for row in ROWS])],
    "no header": [b"a,b\n1,2\n3,4\n5,6\n"],
    "parquet": [parquet(ROWS), parquet(CORRECTED)],
    "a damaged parquet": [parquet(ROWS)[:-40] + b"PAR1"],
    "names beside codes": [text(WITH_NAMES, NAMED)],
    "numbers that a spreadsheet has rounded": [text([*ROWS[:8], *ROUNDED])],
    "some numbers that end in zeros": [text([*ROUNDED[:2], *ROWS[8:12], *ROWS[8:12]])],
    "english totals before the first name in Chinese": [text([TOTALLED, *ROWS])],
    "real and synthetic": [
        text(
            [row.replace("\n", f",{'是' if n > 6 else '否'}\n") for n, row in enumerate(ROWS)],
            HEADER.strip() + ",合成数据\n",
        )
    ],
    "states of red letters": [text([*ROWS, ROWS[0].replace("有效发票", "已红冲-全额")])],
    "the tax office's own header": [text(OFFICE, OFFICE_HEADER), text(OFFICE[:5], OFFICE_HEADER)],
    "payments": [text(PAID, PAID_HEADER), text([PAID[0].replace("成功", "冲正"), *PAID[3:6]], PAID_HEADER)],
}
KIND = {name: "payments" for name in FILES if name.startswith("payments")}


@pytest.fixture
def sliced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the imports that were brought in slices."""
    found: list[str] = []
    conclude = bring_slices.conclude

    def noting(context: Context, hooks: Any, order: tables.Import, *rest: Any) -> None:
        found.append(order.id)
        conclude(context, hooks, order, *rest)

    monkeypatch.setattr(bring_slices, "conclude", noting)
    return found


# What cannot be used at all, and what is looked at whole.
NOT_SLICED = {"nothing but a header", "no header", "a damaged parquet", "real and synthetic"}


# A row a slice: what tells of other rows, which are then in other slices, each sort of it once.
SHORT = {
    "plain, and corrections": [text(ROWS), text(CORRECTED)],
    "the tax office's own header": [text(OFFICE, OFFICE_HEADER)],
}


@pytest.mark.parametrize(("rows", "files"), [(1, SHORT), (4, FILES)], ids=["1", "4"])
def test_files_in_slices_say_what_they_say_whole(
    houses: Callable[[int | None], House], sliced: list[str], rows: int, files: Mapping[str, Sequence[bytes]]
) -> None:
    """The lake, the counts, the words, the names and the reports: all of it, damaged files included."""
    whole = outcome(houses(None), files)
    assert not sliced
    assert {state for state, _, _ in whole.told.values()} <= {"done", "failed"}
    found = outcome(houses(rows), files)
    assert len(sliced) >= len([name for name in files if name not in NOT_SLICED])
    for name, one in whole.told.items():
        assert found.told[name] == one, name
        assert found.reports[name] == whole.reports[name], name
    assert all(some.equals(others) for some, others in zip(found.rows, whole.rows, strict=True))
    assert found.names == whole.names


TOGETHER = {
    "a company named without its code": [*PAID, PAID[0].replace("A0", "甲有限公司")],
    "a line without a serial": [*PAID, PAID[0].replace("T0", "")],
}


@pytest.mark.parametrize("name", TOGETHER)
def test_what_all_rows_tell_together_is_refused_where_memory_does_not_take_them(
    houses: Callable[[int | None], House], name: str
) -> None:
    """The sender is told how many rows at most, and how to divide the file; fewer are taken."""
    house = houses(4)
    done = house.send("payments", text(TOGETHER[name], PAID_HEADER))
    assert (done["state"], done["problem"]["type"]) == ("failed", "/problems/file-too-large")
    assert (done["problem"]["rows"], done["problem"]["most"]) == (19, 16)
    assert "split it" in done["problem"]["detail"]
    assert house.send("payments", text(TOGETHER[name][5:], PAID_HEADER))["state"] == "done"


WHOLE = {
    "public-records": "record,enterprise,number,tier,grade,authority,amount,date,published_on,ends_on,repaired_on\n"
    "tax-grade,E1,,,B,,,2019-01-04,,,\n",
    "relations": "企业代号,关系类型,关联方,持股比例\nE1,股东,A1,10%\n",
    "enterprises": "企业代号,企业名称\nE1,甲有限公司\n",
    "outcomes": "企业代号,是否违约,认定日期\nE1,是,2019-12-01\n",
    "invoices.purchase": "企业代号,发票号码,开票日期,销方识别号,货物名称,金额,税额,价税合计,发票状态\n"
    f"E1,1,2019/1/4,{PARTNER},水泥,1.00,0.13,1.13,有效发票\n",
    "payments": "企业代号,交易日期,借方发生额,贷方发生额,余额,对方户名\nE1,2019-01-04,,1.00,5.00,甲有限公司\n",
}


def test_every_kind_that_is_held_whole_has_its_bound(houses: Callable[[int | None], House]) -> None:
    """Records, relations, firms, outcomes, lists of goods, statements, beyond memory they are refused in words."""
    house = houses(4)
    for kind, file in WHOLE.items():
        header, row = file.splitlines(keepends=True)
        done = house.send(kind, header + 17 * row)
        assert (done["state"], done["problem"]["type"]) == ("failed", "/problems/file-too-large"), kind
        assert (done["problem"]["rows"], done["problem"]["most"]) == (17, 16)
        assert "split it by enterprise" in done["problem"]["detail"]
