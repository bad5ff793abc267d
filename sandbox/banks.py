"""Payments of one firm as its bank's statement: six banks and any other, with what they write above and below.

Nobody in it exists, and no account. The lines are those of the economy, with a time of day and a running balance.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

import polars as pl

OPENING_FEN: Final = 500_000_000
OWN_ACCOUNT: Final = "9558000000000000001"
BRANDS: Final = "云山江河林海星月金木水火土石松竹梅兰"
TRADES: Final = ("机械", "电子", "服装", "食品", "建材", "化工")

Row = list[str]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a bank writes: lines above, a title and a pattern for each column, lines below; which end is the newest.

    A pattern names what a line says (`_lines`).
    """

    above: tuple[str, ...]
    columns: Mapping[str, str]
    below: tuple[str, ...] = ()
    newest_first: bool = False


LAYOUTS: Final[Mapping[str, Layout]] = MappingProxyType(
    {
        "icbc": Layout(
            ("[HISTORYDETAIL]",),
            {
                "凭证号": "0",
                "本方账号": "{own_account}",
                "对方账号": "{account}",
                "交易时间": "{day} {time}",
                "对方单位": "{name}",
                "转入金额": "{came}",
                "转出金额": "{went}",
                "余额": "{balance:,}",
                "用途": "{use}",
                "摘要": "{use}",
                "附言": "",
                "回单个性化信息": "",
            },
            newest_first=True,
        ),
        "abc": Layout(
            ("账户明细", "账号：{own_account},户名：{own}"),
            {
                "交易时间": "{day} {time}",
                "收入金额": "{came}",
                "支出金额": "{went}",
                "账户余额": "{balance}",
                "交易行名": "",
                "对方省市": "",
                "对方账号": "{account}",
                "对方户名": "{name}",
                "交易用途": "{use}",
            },
            ("收入合计：{total_came},支出合计：{total_went}",),
        ),
        "boc": Layout(
            ("查询账号[ Inquirer account number ],{own_account}", "总笔数[ Total number ],{lines}"),
            {
                "交易类型[ Transaction Type ]": "{flow}",
                "业务类型[ Business type ]": "",
                "付款人账号[ Debit Account No. ]": "{payer_account}",
                "付款人名称[ Payer's Name ]": "{payer}",
                "收款人账号[ Payee's Account Number ]": "{payee_account}",
                "收款人名称[ Payee's Name ]": "{payee}",
                "交易日期[ Transaction Date ]": "{day8}",
                "交易时间[ Transaction time ]": "{time}",
                "交易货币[ Trade Currency ]": "CNY",
                "交易金额[ Trade Amount ]": "{signed:+}",
                "交易后余额[ After-transaction balance ]": "{balance:+}",
                "交易流水号[ Transaction reference number ]": "{serial}",
                "用途[ Purpose ]": "{use}",
            },
        ),
        "ccb": Layout(
            ("账户明细信息", "账号：,{own_account}", "币种：,人民币元"),
            {
                "账号": "{own_account}",
                "账户名称": "{own}",
                "交易时间": "{day8} {time}",
                "借方发生额（支取）": "{went0}",
                "贷方发生额（收入）": "{came0}",
                "余额": "{balance}",
                "币种": "人民币元",
                "对方户名": "{name}",
                "对方账号": "{account}\t",
                "对方开户机构": "",
                "记账日期": "{day8}",
                "摘要": "{use}",
                "备注": "",
                "账户明细编号-交易流水号": "{serial}",
                "企业流水号": "",
                "凭证种类": "",
                "凭证号": "",
            },
        ),
        "bocom": Layout(
            ("交通银行交易明细", "账号,{own_account}"),
            {
                "序号": "{number}",
                "交易日期": "{day}",
                "交易时间": "{time}",
                "交易类型": "转账",
                "借贷标志": "{word}",
                "发生额": "{amount}",
                "余额": "{balance}",
                "对方账号": "{account}",
                "对方户名": "{name}",
                "摘要": "{use}",
            },
            ("合计,,,,,,,,,",),
        ),
        "cmb": Layout(
            ("账务查询", "户名：{own}"),
            {
                "交易日": "{day8}",
                "交易时间": "{time}",
                "起息日": "{day8}",
                "交易类型": "转账",
                "借方金额": "{went}",
                "贷方金额": "{came}",
                "余额": "{balance:,}",
                "摘要": "{use}",
                "流水号": "{serial}",
                "收(付)方名称": "{name}",
                "收(付)方账号": "{account}",
            },
            ("借方合计：{total_went},贷方合计：{total_came}",),
            newest_first=True,
        ),
        "bank-statement": Layout(
            (),
            {
                "交易日期": "{day}",
                "摘要": "{use}",
                "交易金额": "{signed}",
                "余额": "{balance}",
                "对方户名": "{name}",
                "对方账号": "{account}",
                "币种": "人民币",
            },
        ),
    }
)


def name_of(party: str) -> str:
    """Return the made-up company name of a party of the economy: one for each."""
    number = _number(party)
    letters = []
    for _ in range(5):
        number, place = divmod(number, len(BRANDS))
        letters.append(BRANDS[place])
    return f"杭州{''.join(letters)}{TRADES[number % len(TRADES)]}有限公司"


def account_of(party: str) -> str:
    """Return the made-up account of a party."""
    return f"62220000{_number(party):011}"


def _number(party: str) -> int:
    """Return the number of a party: firms are S000001 and on, the world outside is W0000001 and on."""
    return int(party[-6:]) if "S" in party else 500_000 + int(party[-7:])


def statement(bank: str, payments: pl.DataFrame) -> list[Row]:
    """Return a bank's statement of one firm's payments as rows of text, those above and below its table among them.

    `payments` are those of `records` of one firm, with a counterparty or without one.
    """
    layout = LAYOUTS[bank]
    own = payments["enterprise"][0]
    lines = list(_lines(payments.sort("date", "reference"), own))
    totals = {f"total_{way}": _yuan(sum(int(str(line[f"{way}_fen"])) for line in lines)) for way in ("came", "went")}
    around = {"own": name_of(own), "own_account": OWN_ACCOUNT, "lines": str(len(lines)), **totals}
    table = [[pattern.format(**line) for pattern in layout.columns.values()] for line in lines]
    if layout.newest_first:
        table.reverse()
    return [
        *(text.format(**around).split(",") for text in layout.above),
        list(layout.columns),
        *table,
        *(text.format(**around).split(",") for text in layout.below),
    ]


def as_csv(rows: list[Row], encoding: str = "gb18030") -> bytes:
    """Return a statement as the CSV that banks hand out."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(encoding)


def _lines(payments: pl.DataFrame, own: str) -> Iterator[dict[str, object]]:
    """Give what each line says: its moment, sums and signs, and who was on the other side."""
    balance = OPENING_FEN
    for number, row in enumerate(payments.iter_rows(named=True), 1):
        fen, came = row["amount_fen"], row["direction"] == "in"
        balance += fen if came else -fen
        other = row["counterparty"]
        name, account = (name_of(other), account_of(other)) if other else ("", "")
        payer, payee = (name, name_of(own)) if came else (name_of(own), name)
        accounts = (account, OWN_ACCOUNT) if came else (OWN_ACCOUNT, account)
        yield {
            **_moment(row["date"], number),
            **_sums(fen, balance, came=came),
            "number": number,
            "serial": row["reference"],
            "use": {"goods": "货款", "wage": "工资", "tax": "缴税", "social-insurance": "社保"}.get(row["purpose"], ""),
            "name": name,
            "account": account,
            "payer": payer,
            "payee": payee,
            "payer_account": accounts[0],
            "payee_account": accounts[1],
            "own": name_of(own),
            "own_account": OWN_ACCOUNT,
        }


def _moment(day: date, number: int) -> dict[str, object]:
    minute, second = divmod(number % 36_000, 60)
    time = f"{8 + minute // 60:02}:{minute % 60:02}:{second:02}"
    return {"day": day.isoformat(), "day8": f"{day:%Y%m%d}", "time": time}


def _sums(fen: int, balance: int, *, came: bool) -> dict[str, object]:
    amount = _yuan(fen)
    return {
        "amount": amount,
        "signed": _Yuan(fen if came else -fen),
        "balance": _Yuan(balance),
        "came": amount if came else "",
        "went": "" if came else amount,
        "came0": amount if came else "0",
        "went0": "0" if came else amount,
        "came_fen": fen if came else 0,
        "went_fen": 0 if came else fen,
        "flow": "来账" if came else "往账",
        "word": "贷 Cr" if came else "借 Dr",
    }


class _Yuan(int):
    """Fen that a pattern writes as yuan: plain, with thousands separators (`,`), or always with a sign (`+`)."""

    def __format__(self, spec: str) -> str:
        """Write the sum."""
        whole, part = divmod(abs(self), 100)
        sign = "-" if self < 0 else spec.strip(",")
        return f"{sign}{whole:{',' if ',' in spec else ''}}.{part:02}"


def _yuan(fen: int) -> str:
    return format(_Yuan(fen), "")
