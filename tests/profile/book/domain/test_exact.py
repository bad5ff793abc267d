"""Nothing wrong is booked without a word: identities, currencies, purposes, signs; and a respelled file is the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profile.book.domain.cells import EMPTY
from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.form import Form
from services.profile.book.domain.validation import REPORT, Checked, check
from services.profile.book.readers.forms import form_of

TODAY = date(2026, 11, 29)
CODE, OTHER = "91330106MA2AXK5R0W", "91350100M000100Y43"
SALE = {
    "纳税人识别号": OTHER,
    "发票号码": "26332000000000009902",
    "购方识别号": CODE,
    "开票日期": "2026-03-01",
    "金额": "100.00",
    "税额": "13.00",
    "价税合计": "113.00",
    "发票状态": "正常",
}
PAID = {
    "交易日期": "20260301",
    "交易流水号": "T1",
    "借方发生额": "",
    "贷方发生额": "11300.00",
    "用途": "货款",
    "币种": "人民币",
}


def checked(form: Form, base: dict[str, str], *changes: dict[str, str]) -> Checked:
    rows = [{**base, **change} for change in changes]
    titles = list(dict.fromkeys(title for row in rows for title in row))
    columns: dict[str, Any] = {"line": list(range(2, len(rows) + 2))}
    columns |= {title: [row.get(title) for row in rows] for title in titles}
    raw = pl.DataFrame(columns, schema={"line": pl.Int64, **dict.fromkeys(titles, pl.String)})
    return check(form, raw, form.match(titles), pl.DataFrame(schema=REPORT), today=TODAY)


def sales(*changes: dict[str, str]) -> Checked:
    return checked(KINDS["invoices.sale"], SALE, *changes)


def payments(*changes: dict[str, str]) -> Checked:
    return checked(form_of("payments", "bank-statement", f"uscc:{OTHER}"), PAID, *changes)


def wide(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


NUMBERED = st.sampled_from([str, wide, '="{}"'.format, "'{}".format, "\ufeff{}\t".format, " {}\u200b".format])
CODED = NUMBERED | st.sampled_from([str.lower, "uscc:{}".format, lambda code: f"USCC:{wide(code)}"])


@settings(max_examples=40)
@given(st.lists(st.tuples(CODED, NUMBERED, CODED, NUMBERED), min_size=1, max_size=4))
def test_a_respelled_file_gives_the_same_rows(spelled: list[tuple[Any, ...]]) -> None:
    """Codes and numbers in any spelling are the same identities, to the last character."""
    numbers = [f"2633200000000000{place:04}" for place in range(len(spelled))]
    plain = sales(*({"发票号码": number, "发票代码": "3300212130"} for number in numbers))
    again = sales(
        *(
            {
                "纳税人识别号": firm(OTHER),
                "发票号码": num(number),
                "购方识别号": buyer(CODE),
                "发票代码": code("3300212130"),
            }
            for (firm, num, buyer, code), number in zip(spelled, numbers, strict=True)
        )
    )
    assert again.report.is_empty(), again.report.rows()
    assert again.rows.equals(plain.rows)


@pytest.mark.parametrize("column", ["发票号码", "购方识别号", "纳税人识别号"])
@pytest.mark.parametrize(
    "written", ["2.6952E+19", "2.695200000323015e+19", "２．６９５２Ｅ＋１９", "26332000000000009000.0"]
)
def test_an_identity_that_lost_digits_is_refused_with_what_to_do(column: str, written: str) -> None:
    """Two invoices would become one, and one of them be lost as a repeat."""
    found = sales({column: written}, {column: written})
    assert (found.received, found.rejected) == (2, 2)
    assert f"请将“{column}”列的格式设为“文本”后重新导出" in found.report["reason"][0]
    assert f"the column {column} as text" in found.report["reason"][0]


def test_a_serial_that_lost_digits_is_refused() -> None:
    """Payments of a statement are told apart by their serials."""
    assert payments({"交易流水号": "2.02603E+21"}, {"交易流水号": "2.02603E+21"}).rejected == 2


def test_document_numbers_are_compared_without_their_brackets_kind() -> None:
    """One enforcement, printed in two ways."""
    record = {
        "企业代号": OTHER,
        "记录类型": "被执行人",
        "执行法院": "法院",
        "决定日期": "2026-05-01",
        "公示日期": "2026-05-02",
    }
    rows = checked(
        KINDS["public-records"], record, {"案号": "（2026）浙0106执1234号"}, {"案号": "(2026)浙0106执1234号"}
    ).rows
    assert rows["number"].n_unique() == 1


YUAN = (
    *("人民币", "CNY", "rmb", "ＣＮＹ", "元", "", "人民币（元）", "01", "001", "10"),
    *("CNY-人民币", "人民币(CNY)", "156-人民币", "人民币/元", "人民币账户"),
)


@pytest.mark.parametrize("currency", YUAN)
def test_yuan_pass_by_any_name(currency: str) -> None:
    """And a column of currencies is checked, not stored."""
    assert payments({"币种": currency}).rows.height == 1
    assert sales({"币种": currency}).rows.height == 1


@pytest.mark.parametrize("currency", ["美元", "USD", "HKD", "14", "CNY-USD", "人民币/美元"])
def test_another_currency_is_rejected_in_words(currency: str) -> None:
    """Ten thousand dollars are not ten thousand yuan."""
    for found in (payments({"币种": currency}), sales({"币种": currency})):
        assert found.rows.is_empty()
        [(_, column, value, reason)] = found.report.rows()
        assert (column, value) == ("币种", currency)
        assert "another currency" in reason
        assert "币种不是人民币" in reason


@pytest.mark.parametrize(
    "title", ["币种代码", "账户币种", "结算货币", "Currency Code", "CCY", "币种（账户）", "发票币种"]
)
def test_a_column_of_currencies_is_one_whatever_its_title(title: str) -> None:
    """A title that nobody has listed would be ignored, and dollars booked as yuan."""
    assert [found.rows.height for found in (sales({title: "USD"}), sales({title: "CNY"}))] == [0, 1]


@pytest.mark.parametrize("title", ["货币资金", "币种汇率", "原币金额", "代币名称"])
def test_what_only_sounds_like_a_currency_is_left_out(title: str) -> None:
    """A rate, or a sum in another currency beside the one that is booked, says nothing of that."""
    assert sales({title: "7.1"}).rows.height == 1


@pytest.mark.parametrize(
    ("written", "code", "kept"),
    [
        ("货款", "goods", None),
        ("代发工资", "wage", None),
        ("代发6月张三工资", "wage", None),
        ("材料款", "goods", None),
        ("缴税", "tax", None),
        ("往来款", None, "往来款"),
        ("支付3月份加工费", None, "支付3月份加工费"),
        ("工资及社保", None, "工资及社保"),
        ("转账6222021234567890123", None, "转账…"),
        ("字" * 60, None, "字" * 40),
        ("", None, None),
    ],
)
def test_a_purpose_in_free_words_is_mapped_or_kept_and_never_a_fault(written: str, code: str, kept: str) -> None:
    """Known words decide; the rest is kept short, without what looks like a person's or an account's number."""
    found = payments({"用途": written})
    assert found.rows.select("purpose", "purpose_text").rows() == [(code, kept)], found.report.rows()


@pytest.mark.parametrize("amounts", [("-100", "13", "-87"), ("100", "-13", "87")])
def test_net_and_tax_have_one_sign(amounts: tuple[str, ...]) -> None:
    """A red letter is negative in both; a zero has no sign."""
    [(_, column, _, reason)] = sales(dict(zip(("金额", "税额", "价税合计"), amounts, strict=True))).report.rows()
    assert column == "税额"
    assert "different signs" in reason
    assert sales({"金额": "-100", "税额": "-13", "价税合计": "-113"}, {"税额": "0", "价税合计": "100"}).rejected == 0


@pytest.mark.parametrize("name", ["\u200b", "\u202e \ufeff", "\u3000", "\u3164"])
def test_a_name_of_what_nobody_sees_is_empty(name: str) -> None:
    """It would be a number without digits, an authority without a name."""
    assert sales({"发票号码": name}).report.select("column", "reason").rows() == [("发票号码", EMPTY)]
    order = {
        "企业代号": "E1",
        "方向": "销售",
        "订单号": "1",
        "对方单位": "甲",
        "订单日期": "2026-03-01",
        "订单金额": "1",
    }
    order["订单状态"] = "完成"
    assert checked(KINDS["orders"], order, {"对方单位": name}).report["reason"].to_list() == [EMPTY]


def test_a_banks_dash_is_nothing() -> None:
    """Banks write it into the column that is not meant."""
    dashed = payments({"用途": "--", "交易状态": "-", "币种": "-"})
    assert dashed.rows.select("purpose", "purpose_text", "status").rows() == [(None, None, "valid")]


def test_cells_that_are_marked_as_text_are_read_in_every_column() -> None:
    """Banks export ="20260301" so that no spreadsheet takes it for a number."""
    marked = {title: f'="{value}"' if value else value for title, value in PAID.items()}
    quoted = {title: f"'{value}" for title, value in SALE.items()}
    assert payments(marked).rows.equals(payments({}).rows)
    assert sales(quoted).rows.equals(sales({}).rows)


def test_all_known_values_are_told() -> None:
    """In Chinese and in English."""
    [reason] = sales({"发票状态": "遗失"}).report["reason"]
    assert all(word in reason for word in ("有效发票", "已作废", "已红冲-全额", "void", "valid"))
    [reason] = checked(KINDS["enterprises"], {"企业代号": "E1", "企业名称": "甲"}, {"企业规模": "巨型"}).report[
        "reason"
    ]
    assert all(word in reason for word in ("大型", "中型", "小型", "微型", "micro"))


@pytest.mark.parametrize("written", ["1,200", "１２００", "1200.0"])
def test_counts_are_written_as_sums_are(written: str) -> None:
    """Staff of a register."""
    firm = {"企业代号": "E1", "企业名称": "甲"}
    assert checked(KINDS["enterprises"], firm, {"从业人员": written}).rows["employees"].to_list() == [1200]


def test_a_date_that_a_connector_does_not_write_is_refused_with_its_form() -> None:
    """The bank writes eight digits; another form is read where it can be no other day."""
    form = form_of("payments", "bank-statement", f"uscc:{OTHER}")
    dated = tuple(replace(one, form="%Y%m%d") if one.name == "date" else one for one in form.columns)
    days = ("2026031", "46086", "1 March", "2026-03-01")
    found = checked(replace(form, columns=dated), PAID, *({"交易日期": day} for day in days))
    assert found.rows["date"].to_list() == [date(2026, 3, 1)]
    assert "20260131" in found.report["reason"][2]


def test_a_code_in_the_lakes_own_form_is_one_party() -> None:
    """Five spellings of one customer, one customer."""
    spellings = (CODE, f"uscc:{CODE}", CODE.lower(), wide(CODE), f'="{CODE}"')
    rows = sales(*({"购方识别号": each, "发票号码": str(place)} for place, each in enumerate(spellings))).rows
    assert rows["counterparty"].unique().to_list() == [f"uscc:{CODE}"]
