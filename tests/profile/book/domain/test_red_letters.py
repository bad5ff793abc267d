"""The tax office's words for the state of an invoice, and red letters beside what they cancel."""

from __future__ import annotations

import pytest
from tax_sheets import DIGITAL, SHEET, checked, line, reasons

from services.profile.book.domain.invoice import DATASET

RED = "26332000000000000009"


@pytest.mark.parametrize(
    ("word", "state", "reversal"),
    [
        ("正常", "valid", None),
        ("已红冲-部分", "valid", "part"),
        ("已红冲-全额", "valid", "whole"),
        ("已红冲", "valid", "part"),
        ("红冲", "valid", "part"),
        ("已作废", "void", None),
        ("空白作废", "void", None),
    ],
)
def test_the_offices_words_are_valid_or_void(word: str, state: str, reversal: str | None) -> None:
    """What is cancelled by a red letter stays valid, since the red letter is an invoice of its own; it is told of."""
    rows = DATASET.conform(checked("invoices", SHEET, line(state=word)).rows)
    assert rows.select("status", "reversal").rows() == [(state, reversal)]


def test_a_column_of_its_own_tells_what_is_cancelled() -> None:
    """And no state makes a red letter one that is cancelled."""
    titles = f"{SHEET},红冲状态"
    found = checked("invoices", titles, f"{line()},部分", f"{line(net=-100, state='已红冲-全额', digital=RED)},")
    assert found.rows["reversal"].to_list() == ["part", None]


def test_a_cancelled_invoice_and_its_red_letter_come_to_nothing() -> None:
    """Never both left out and counted off."""
    red = line(
        net=-100, digital=RED, remark=f"被红冲蓝字数电发票号码：{DIGITAL} 红字发票信息确认单编号：33010626031000123456"
    )
    found = checked("invoices", SHEET, line(state="已红冲-全额"), red)
    assert found.rows["status"].to_list() == ["valid", "valid"]
    assert found.rows["total_fen"].sum() == 0
    assert found.warnings == ()


def test_a_cancelled_invoice_without_its_red_letter_is_told() -> None:
    """Signals and cross-checks count its amount until the red letter comes."""
    assert "send the red letters too" in checked("invoices", SHEET, line(state="已红冲-全额")).warnings[0]


@pytest.mark.parametrize("word", ["失控", "异常", "异常凭证"])
def test_what_the_office_holds_for_abnormal_is_refused_in_words(word: str) -> None:
    """It is neither trade that counts nor a void invoice."""
    [(column, reason)] = reasons(checked("invoices", SHEET, line(state=word)))
    assert (column, "abnormal" in reason) == ("发票状态", True)


def test_a_red_letter_above_zero_is_refused() -> None:
    """Some exports print it without its sign: it would be counted instead of being counted off."""
    assert reasons(checked("invoices", SHEET, line(state="红字")))[0][0] == "发票状态"


@pytest.mark.parametrize(("net", "sign"), [(100, "否"), (-100, "是")])
def test_the_flag_of_a_blue_invoice_agrees_with_the_sign(net: int, sign: str) -> None:
    """Two statements of one thing that differ are a mistake in one of them."""
    assert reasons(checked("invoices", SHEET, line(net=net, positive=sign)))[0][0] == "是否正数发票"


@pytest.mark.parametrize(
    ("remark", "blue"),
    [
        (f"被红冲蓝字数电票号码：{DIGITAL} 红字发票信息确认单编号：33010626031000123456", DIGITAL),
        (f"被红冲蓝字发票号码:{DIGITAL}", DIGITAL),
        ("对应正数发票代码:3300212130号码:00012345", "00012345"),
        ("对应蓝字发票号：00012345", "00012345"),
        ("开具红字增值税专用发票信息表编号3300210000000001", None),
        ("", None),
    ],
)
def test_a_red_letter_names_what_it_cancels(remark: str, blue: str | None) -> None:
    """The link is taken from the remark, as the office writes it."""
    assert checked("invoices", SHEET, line(net=-100, remark=remark)).rows["blue_number"].to_list() == [blue]


def test_a_column_of_its_own_beats_the_remark() -> None:
    """And a blue invoice has no link, whatever its remark says."""
    titles = f"{SHEET},对应蓝字发票号码"
    found = checked("invoices", titles, f"{line(net=-100)},{RED}", f"{line(digital=RED)},{DIGITAL}")
    assert found.rows["blue_number"].to_list() == [RED, None]


def test_a_line_of_discount_is_no_red_letter() -> None:
    """On a sheet of lines it is below zero, and the invoice is not."""
    found = checked("invoices", SHEET, line(), line(net=-10, positive="是", remark=f"对应蓝字发票号：{RED}"))
    assert (found.rejected, found.rows["blue_number"].to_list()) == (0, [None, None])


def test_an_invoice_of_abnormal_risk_counts_and_is_told() -> None:
    """Its state is what decides; whoever reads the import sees that the office doubts it."""
    found = checked("invoices", f"{SHEET},发票风险等级", f"{line()},异常凭证", f"{line(digital=RED)},正常")
    assert (found.rows.height, found.warnings[0].partition(" by")[0]) == (2, "1 rows are abnormal or doubtful")
