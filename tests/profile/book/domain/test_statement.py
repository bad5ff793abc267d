"""Bank statements: six banks and any other, made serials, and the running balance that names what is missing."""

from __future__ import annotations

import random

import pytest
from statements import booked, matched, read

from services.profile.book.domain.form import WrongColumns
from services.profile.book.readers.forms import connectors

BANKS = {
    "icbc": (
        "凭证号,交易时间,对方单位,对方账号,转入金额,转出金额,余额,用途,摘要,附言\n"
        '1,2026-04-16 11:09:16,甲公司,6222000000000001,,"4,000.00",7907.36,,,\n'
        "2,2026-04-17 09:00:00,乙公司,6222000000000002,100.00,,8007.36,,,\n"
    ),
    "icbc card": (
        "交易日期,摘要,交易场所,交易金额(收入),交易金额(支出),交易币种,"
        "记账金额(收入),记账金额(支出),记账币种,余额,对方户名,对方账户\n"
        '2026-04-16  \t,货款 \t,  \t,- \t,- \t,- \t, \t,"4,000.00 \t",人民币 \t,"7,907.36 \t",甲公司 \t,6222****  \t\n'
        '2026-04-17  \t,货款 \t,  \t,- \t,- \t,- \t,"100.00 \t", \t,人民币 \t,"8,007.36 \t",乙公司 \t,6222****  \t\n'
    ),
    "abc": (
        "交易时间,收入金额,支出金额,账户余额,交易行名,对方省市,对方账号,对方户名,交易用途\n"
        "2026-04-16 11:09:16,,4000.00,7907.36,,,6222000000000001,甲公司,\n"
        "2026-04-17 09:00:00,100.00,,8007.36,,,6222000000000002,乙公司,\n"
    ),
    "abc card": (
        "交易日期,交易时间,交易摘要,交易金额,本次余额,对手信息,日 志 号,交易渠道,交易附言\n"
        "20260416,110916,转存,-4000.00,7907.36,甲公司,369396693,网银,\n"
        "20260417,,结息,+100.00,8007.36,--,369396694,,\n"
    ),
    "boc": (
        "交易类型[ Transaction Type ],付款人账号[ Debit Account No. ],付款人名称[ Payer's Name ],"
        "收款人账号[ Payee's Account Number ],收款人名称[ Payee's Name ],交易日期[ Transaction Date ],"
        "交易时间[ Transaction time ],交易金额[ Trade Amount ],交易后余额[ After-transaction balance ],"
        "交易流水号[ Transaction reference number ]\n"
        "往账,1,本公司,2,甲公司,20260416,11:09:16,-4000.00,+7907.36,109585237086\n"
        "来账,3,乙公司,1,本公司,20260417,09:00:00,+100.00,+8007.36,75783669085\n"
    ),
    "ccb": (
        "账号,账户名称,交易时间,借方发生额（支取）,贷方发生额（收入）,余额,币种,对方户名,对方账号,对方开户机构,记账日期,摘要,备注,"
        "账户明细编号-交易流水号,企业流水号,凭证种类,凭证号\n"
        "1,本公司,2026-04-16 11:09:16,4000.00,0,7907.36,人民币元,甲公司,2,,20260416,,,13523,,,\n"
        "1,本公司,2026-04-17 09:00:00,0,100.00,8007.36,人民币元,乙公司,3,,20260417,,,13524,,,\n"
    ),
    "bocom": (
        "序号,交易日期,交易时间,交易类型,借贷,交易金额,余额,对方账号,对方户名,交易地点,摘要\n"
        "1,2026-04-16,11:09:16,转账,借 Dr,4000.00,7907.36,2,甲公司,,\n"
        "2,2026-04-17,09:00:00,转账,贷 Cr,100.00,8007.36,3,乙公司,,\n"
    ),
    "cmb": (
        "交易日,交易时间,起息日,交易类型,借方金额,贷方金额,余额,摘要,流水号,收(付)方名称,收(付)方账号\n"
        "20260416,11:09:16,20260416,转账,4000.00,,7907.36,,C1,甲公司,2\n"
        "20260417,09:00:00,20260417,转账,,100.00,8007.36,,C2,乙公司,3\n"
    ),
    "cmb card": (
        "记账日期,货币,交易金额,联机余额,交易摘要,对手信息,客户摘要\n"
        '2026-04-17,CNY,100.00,"8,007.36",转账,乙公司,y\n'
        '2026-04-16,CNY,"-4,000.00","7,907.36",货款,甲公司 6222,x\n'
    ),
}
TWO = [("2026-04-16", "out", 400_000), ("2026-04-17", "in", 10_000)]
# A month of one account, by direction, day, yuan and balance.
HEADER = "交易日期,借方发生额,贷方发生额,余额,对方户名\n"
MONTH = [
    ("20260301", "", "1000.00", "1000.00", "甲"),
    ("20260302", "300.00", "", "700.00", "乙"),
    ("20260303", "", "1300.00", "2000.00", "丙"),
    ("20260304", "50.00", "", "1950.00", "丁"),
    ("20260305", "", "10.00", "1960.00", "戊"),
]


def month(rows: list[tuple[str, ...]]) -> str:
    return HEADER + "".join(",".join(row) + "\n" for row in rows)


def references(text: str) -> list[str]:
    return read(None, text).rows["reference"].to_list()


@pytest.mark.parametrize("bank", BANKS)
def test_every_bank_is_read_by_its_connector_and_by_the_general_one(bank: str) -> None:
    """Columns, signs, words and dashes of each layout give the same two payments, and the balance agrees."""
    name = bank.removesuffix(" card")
    assert sorted(booked(name, BANKS[bank])) == TWO
    assert not read(name, BANKS[bank]).warnings
    assert sorted(booked(None, BANKS[bank])) == TWO


@pytest.mark.parametrize("bank", BANKS)
def test_the_other_side_is_the_one_that_is_not_the_account_itself(bank: str) -> None:
    """Of payer and payee the statement's other party is taken, by the way that the money went."""
    rows = read(bank.removesuffix(" card"), BANKS[bank]).rows.sort("date")
    assert rows["party"].to_list()[0].startswith("甲公司")
    assert set(rows["party"].to_list()[1:]) <= {"乙公司", None}


def test_a_bank_says_of_itself_what_it_is() -> None:
    """Six banks and the general statement are declared, each with both languages."""
    found = {name: one for name, one in connectors().items() if one.form.kind == "payments"}
    assert {"bank-statement", "icbc", "abc", "boc", "ccb", "bocom", "cmb"} <= found.keys()
    assert all(one.title["zh"] and one.title["en"] for one in found.values())


def test_a_column_that_nobody_knows_is_left_out_and_one_that_comes_twice_is_told() -> None:
    """An unknown column refuses no statement; the same title twice and a missing amount do."""
    found, _ = matched("icbc", BANKS["icbc"].replace("附言", "个性化信息"))
    assert "个性化信息" in found.ignored
    with pytest.raises(WrongColumns, match="more than one column for 余额"):
        matched("icbc", BANKS["icbc"].replace("附言", "余额"))
    with pytest.raises(WrongColumns, match=r"转出金额 / 发生额.*it has: 凭证号"):
        matched("icbc", BANKS["icbc"].replace("转出金额", "转帐金额"))


def test_the_currency_of_the_booked_sum_counts() -> None:
    """A purchase abroad that was booked in yuan is taken; a line in dollars is rejected, and its sum still counts."""
    card = "交易日期,记账金额(收入),记账金额(支出),交易币种,记账币种,余额\n2026-03-01,,{},美元,{},{}\n"
    assert booked("icbc", card.format("5.00", "人民币", "1.00")) == [("2026-03-01", "out", 500)]
    assert booked("icbc", card.format("5.00", "美元", "1.00")) == []
    assert booked("icbc", card.format("5.00", "-", "1.00")) == []
    wages = "交易时间,摘要,转入金额,转出金额,余额\n2026-03-01 08:00:00,代发工资,,5.00,1.00\n"
    assert read("icbc", wages).rows["purpose"].to_list() == ["wage"]


def test_both_columns_filled_is_said_in_words() -> None:
    """Money came or went: a line that says both is rejected with both sums."""
    checked = read(None, month([*MONTH, ("20260306", "1.00", "2.00", "1961.00", "己")]))
    [fault] = checked.report.rows(named=True)
    assert (fault["line"], fault["value"], checked.rejected) == (7, "2.00 / 1.00", 1)
    assert "both columns" in fault["reason"]


def test_a_sum_below_zero_in_a_column_is_money_that_went_the_other_way() -> None:
    """A correction in red takes money back: the balance says so too."""
    text = month([*MONTH, ("20260306", "", "-10.00", "1950.00", "戊")])
    assert booked(None, text)[-1] == ("2026-03-06", "out", 1_000)
    assert not read(None, text).warnings


def test_a_sign_that_its_word_contradicts_is_rejected() -> None:
    """A plus beside 往账 stays out of the book; a minus beside it says the same twice."""
    lines = "交易日期,借贷标志,交易金额\n20260301,{},{}\n20260302,借,-2.00\n"
    assert booked(None, lines.format("贷", "1.00")) == [("2026-03-01", "in", 100), ("2026-03-02", "out", 200)]
    assert booked(None, lines.format("贷", "-1.00")) == [("2026-03-02", "out", 200)]
    assert booked(None, lines.format("借", "1.00")) == [("2026-03-01", "out", 100)]


def test_an_accountants_minus_is_money_that_went() -> None:
    """Brackets around a sum, and a sign behind it."""
    text = "日期,金额,余额\n2026-03-05,5.00,9.00\n2026-03-06,(2.00),7.00\n2026-03-07,1.00-,6.00\n"
    assert [flow for _, flow, _ in booked(None, text)] == ["in", "out", "out"]
    assert not read(None, text).warnings


def test_a_line_whose_word_is_missing_is_not_taken_for_a_receipt() -> None:
    """Beside amounts without any sign the word alone tells which way money went."""
    text = "日期,借贷标志,发生额\n2026-03-05,贷,1.00\n2026-03-06,,2.00\n2026-03-07,-,3.00\n"
    assert booked(None, text) == [("2026-03-05", "in", 100)]


def test_a_journal_of_the_firm_s_own_is_refused_by_its_balances() -> None:
    """Its debit is money that came; the balances prove it, and every line would be booked the wrong way."""
    text = "日期,借方金额,贷方金额,余额\n2026-03-01,5.00,,15.00\n2026-03-02,,2.00,13.00\n2026-03-03,4.00,,17.00\n"
    found = read(None, text)
    assert (found.rejected, found.warnings) == (3, ())
    assert "in a company's own journal" in found.report["reason"][0]


@pytest.mark.parametrize("bank", ["icbc", "abc", "boc", "ccb", "bocom", "cmb", None])
def test_every_bank_s_layout_knows_a_payment_that_failed(bank: str | None) -> None:
    """What never moved is held as reversed, and what is under way is refused."""
    titles = "交易日期,贷方发生额,借方发生额,贷方金额,借方金额,收入金额,支出金额,交易状态"
    lines = (f"2026-03-01,{sums},{state}" for sums, state in (("1,,1,,1,", "交易失败"), ("2,,2,,2,", "处理中")))
    assert read(bank, "\n".join((titles, *lines)) + "\n").rows["status"].to_list() == ["reversed"]


def test_amounts_without_any_sign_are_told() -> None:
    """Where neither sign nor word says which way money went, the import says what was taken for granted."""
    [told] = read(None, "交易日期,交易金额\n20260301,5.00\n").warnings
    assert "has a sign" in told


def test_a_serial_is_made_of_what_the_line_says() -> None:
    """Day, minute, signed yuan and balance: the same for other spellings of the line and for a file saved again."""
    [one] = references("交易时间,交易金额,余额\n2026-03-05 09:15:07,-1234.56,9876.54\n")
    assert one == "20260305T0915/-1234.56/9876.54"
    assert references('交易日期,时间,支出,收入,余额\n20260305,9:15,"1,234.56",-,"9,876.54"\n') == [one]
    assert references("交易日期,交易金额,余额\n2026-03-05 00:00:00,+5,5\n") == ["20260305/5.00/5.00"]


def test_overlapping_files_and_other_orders_give_the_same_serials() -> None:
    """A line has one serial in every file that shows it, newest first or last."""
    whole = dict(zip(MONTH, references(month(MONTH)), strict=True))
    assert references(month(MONTH[2:])) == [whole[row] for row in MONTH[2:]]
    assert references(month(MONTH[::-1])) == [whole[row] for row in MONTH[::-1]]
    assert len(set(whole.values())) == 5


def test_equal_lines_are_two_movements_unless_the_balance_stands_still() -> None:
    """Two equal lines without a balance are two; a line or a period that comes twice with its balance is a repeat."""
    twice = "交易日期,交易金额\n20260305,-5.00\n20260305,-5.00\n"
    assert references(twice) == ["20260305/-5.00", "20260305/-5.00/2"]
    moved = [("20260305", "", "5.00", "5.00", ""), ("20260305", "5.00", "", "0.00", "")] * 2
    assert len(set(references(month(moved)))) == 4
    assert len(set(references(month([*MONTH, *MONTH])))) == 5
    assert len(set(references(month([MONTH[0], MONTH[0]])))) == 1


def test_a_batch_with_one_serial_is_told_apart_by_its_balances() -> None:
    """Two equal wages under one serial are two payments: the balance moved twice."""
    header = "交易日期,交易流水号,借方发生额,贷方发生额,余额\n"
    wages = "20260305,B1,5000.00,,{}\n"
    assert references(header + wages.format(10000) + wages.format(5000)) == ["B1", "B1/2"]
    assert references(header + wages.format(10000) + wages.format(10000)) == ["B1", "B1"]


@pytest.mark.parametrize("order", [1, -1])
def test_a_missing_line_is_named(order: int) -> None:
    """What lies between two lines is told with its sum, oldest first or newest first."""
    rows = [row for row in MONTH if row[0] != "20260303"][::order]
    [told] = read(None, month(rows)).warnings
    assert "1,300.00 is missing" in told
    assert "between line 3 and line 4" in told


def test_an_altered_amount_and_an_altered_balance_are_named() -> None:
    """An amount that was changed leaves a gap; a balance that was changed is that line's."""
    amount = [row if row[0] != "20260303" else (*row[:2], "2300.00", *row[3:]) for row in MONTH]
    [told] = read(None, month(amount)).warnings
    assert "between line 3 and line 4 -1,000.00" in told
    balance = [row if row[0] != "20260303" else (*row[:3], "3000.00", row[4]) for row in MONTH]
    [told] = read(None, month(balance)).warnings
    assert told.startswith("line 4: its balance is 1,000.00 off")


def test_a_line_that_cannot_be_read_explains_its_gap() -> None:
    """The gap around a rejected line is put down to it; a line rejected for its status alone leaves none."""
    bad = [row if row[0] != "20260303" else (row[0], "", "12.3x", *row[3:]) for row in MONTH]
    [told] = read(None, month(bad)).warnings
    assert "1,300.00 is missing: line 4 could not be read" in told
    late = [row if row[0] != "20260303" else ("2030-01-01", *row[1:]) for row in MONTH]
    assert (read(None, month(late)).rejected, read(None, month(late)).warnings) == (1, ())


def test_lines_of_one_moment_may_stand_in_any_order() -> None:
    """Banks print what happened at once as they please: no gap where some order adds up, one where none does."""
    day = [("20260306", "", "40.00", "2000.00", ""), ("20260306", "500.00", "", "1500.00", "")]
    after = ("20260307", "", "1.00", "1501.00", "")
    assert not read(None, month([*MONTH, day[1], day[0], after])).warnings
    assert len(read(None, month([*MONTH, day[1], after])).warnings) == 1


def test_rows_in_any_order_are_checked_by_their_days() -> None:
    """A statement sorted by anything else is put in order first."""
    rows = list(MONTH)
    random.Random(3).shuffle(rows)
    assert not read(None, month(rows)).warnings


def test_each_account_of_a_file_has_a_balance_of_its_own() -> None:
    """Two accounts in one file are checked apart."""
    header = "账号," + HEADER
    rows = [(account, *row) for row in MONTH for account in ("111", "222")]
    assert not read(None, header + "".join(",".join(row) + "\n" for row in rows)).warnings
