"""Both sides of an invoice in a file: direction by the codes, strangers refused, persons as nobody."""

from __future__ import annotations

import pytest
from tax_sheets import DIGITAL, FIRM, OTHER, PAPER, SHEET, THIRD, checked, line, reasons

from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.form import WrongColumns


def test_the_codes_tell_sales_from_purchases_in_one_file() -> None:
    """A file of both directions needs no column for it."""
    found = checked("invoices", SHEET, line(), line(OTHER, FIRM, digital="26332000000000000002"))
    assert found.rows.select("direction", "enterprise", "counterparty").rows() == [
        ("sale", f"uscc:{FIRM}", f"uscc:{OTHER}"),
        ("purchase", f"uscc:{FIRM}", f"uscc:{OTHER}"),
    ]


def test_purchases_sent_as_sales_are_refused_in_words() -> None:
    """The reason names the file's column and says which kind to send them as."""
    found = checked("invoices.sale", SHEET, line(OTHER, FIRM))
    assert found.rows.is_empty()
    [(column, reason)] = reasons(found)
    assert column == "销方识别号"
    assert "send it as invoices.purchase or invoices" in reason
    assert found.report["value"].to_list() == [OTHER]


def test_sales_sent_as_purchases_are_refused_too() -> None:
    """As the other way round."""
    assert reasons(checked("invoices.purchase", SHEET, line()))[0][0] == "购方识别号"


@pytest.mark.parametrize("kind", ["invoices", "invoices.sale", "invoices.purchase"])
def test_an_invoice_between_strangers_is_refused(kind: str) -> None:
    """Neither side is the enterprise."""
    found = checked(kind, SHEET, line(OTHER, THIRD))
    assert [reason for _, reason in reasons(found)] == ["neither the seller nor the buyer is this enterprise"]


@pytest.mark.parametrize("kind", ["invoices", "invoices.sale", "invoices.purchase"])
def test_a_firm_is_never_its_own_partner(kind: str) -> None:
    """Seller and buyer are one."""
    found = checked(kind, SHEET, line(FIRM, FIRM))
    assert (found.rows.height, found.rejected, len(reasons(found))) == (0, 1, 1)


def test_a_partner_that_is_the_enterprise_is_refused_without_the_other_column() -> None:
    """The form of the contest has one party only."""
    titles = "企业代号,发票号码,购方单位代号,开票日期,金额,税额,价税合计,发票状态"
    found = checked("invoices.sale", titles, "E1,1,E1,2026-03-01,100,13,113,正常", about=None)
    assert reasons(found) == [("购方单位代号", "the enterprise itself; name the other side")]


@pytest.mark.parametrize("kind", ["orders", "deliveries"])
def test_no_kind_has_a_firm_trade_with_itself(kind: str) -> None:
    """Orders and deliveries have partners too."""
    more = {"orders": ",执行中", "deliveries": ""}[kind]
    titles = {"orders": "方向,企业代号,订单号,对方单位代号,订单日期,订单金额,订单状态"}
    titles["deliveries"] = "方向,企业代号,交货单号,对方单位代号,交货日期,交货金额"
    found = checked(kind, titles[kind], f"销售,E1,1,E1,2026-03-01,100{more}", about=None)
    assert reasons(found)[0] == ("对方单位代号", "the enterprise itself; name the other side")


def test_money_between_own_accounts_is_trade_with_nobody() -> None:
    """It happens, so it is booked, without a partner."""
    titles = "收支方向,企业代号,交易流水号,对方单位代号,交易日期,交易金额"
    found = checked("payments", titles, "收入,E1,1,E1,2026-03-01,100", "收入,E1,2,B,2026-03-01,100", about=None)
    assert found.rows["counterparty"].to_list() == [None, "B"]


def test_without_a_name_the_own_side_is_the_enterprise() -> None:
    """A file of sales with a seller in each row needs no other name of the enterprise."""
    found = checked("invoices.sale", SHEET, line(), line("123"), about=None)
    assert found.rows["enterprise"].to_list() == [f"uscc:{FIRM}", "local:123"]


def test_both_number_columns_are_read_row_by_row() -> None:
    """A fully digital invoice has its number in one column, a paper one in the other, with its code."""
    paper = line(digital="", code="3300212130", number=PAPER)
    found = checked("invoices", SHEET, line(), paper).rows
    assert found.select("code", "number").rows() == [(None, DIGITAL), ("3300212130", PAPER)]


@pytest.mark.parametrize("title", ["数电发票号码", "全电发票号码", "数电票号码"])
def test_the_digital_number_beats_the_other(title: str) -> None:
    """Where an export fills both columns."""
    titles = SHEET.replace("数电发票号码", title)
    assert checked("invoices", titles, line(number="00000001")).rows["number"].to_list() == [DIGITAL]


# A citizen's number with a slip in it, or with stars over a part of it, is a person's all the same.
MISTYPED = ("110105194912310020", "110105********002X")


@pytest.mark.parametrize("buyer", ["", "个人", "000000000000000", "-", "11010519491231002X", *MISTYPED])
def test_a_buyer_without_a_code_is_nobody(buyer: str) -> None:
    """A sale to a person counts, and has no counterparty; a citizen's number is not held."""
    found = checked("invoices", SHEET, line(buyer=buyer, buyer_name="张三"))
    assert found.rows["counterparty"].to_list() == [None]
    assert found.warnings[0].startswith("1 rows name no code")


def test_a_company_without_a_code_is_held_by_its_name() -> None:
    """It is no person; that it stands by its name is told."""
    found = checked("invoices.sale", SHEET, line(buyer="", buyer_name="杭州某某商贸有限公司"))
    assert found.rows["counterparty"].to_list() == ["杭州某某商贸有限公司"]
    assert found.warnings[0].startswith("1 rows name a company without its code")


def test_a_purchase_needs_its_seller_or_a_name() -> None:
    """A farmer sells without a code; an empty cell with nothing beside it is a hole."""
    titles = "企业代号,发票号码,销方识别号,销方名称,开票日期,金额,税额,价税合计,发票状态"
    rows = ["E1,1,,张三,2026-03-01,100,0,100,正常", "E1,2,,,2026-03-01,100,0,100,正常"]
    found = checked("invoices.purchase", titles, *rows, about=None)
    assert (found.rows["counterparty"].to_list(), reasons(found)) == ([None], [("销方识别号", "empty")])


def test_two_columns_of_remarks_load() -> None:
    """The first that says something is read."""
    found = checked("invoices", f"{SHEET},备注", f"{line()},再记")
    assert found.rejected == 0


def test_a_file_of_both_directions_needs_both_codes_or_a_direction() -> None:
    """With one of the codes nobody could tell."""
    with pytest.raises(WrongColumns, match="进销方向"):
        KINDS["invoices"].match(
            ["企业代号", "发票号码", "购方识别号", "开票日期", "金额", "税额", "价税合计", "发票状态"]
        )


def test_a_total_that_the_file_leaves_out_is_net_and_tax() -> None:
    """As lists that firms keep themselves often do; that it was added up is told."""
    found = checked(
        "invoices.sale",
        "数电发票号码,购方识别号,开票日期,金额,税额,发票状态",
        f"{DIGITAL},{OTHER},2026-03-01,100,13,正常",
    )
    assert found.rows["total_fen"].to_list() == [11300]
    assert any("价税合计" in told for told in found.warnings)
