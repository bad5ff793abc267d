"""The record of a supplier as tables for people."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from smecredit.answers import Contracts, StatedRecord, SupplierRecord
from smecredit.money import yuan
from smecredit.rendering.tables import NONE, bilingual, number, plain_table, terminal

COLUMNS = ("Who says so 来源", ">Orders 订单", ">Value 金额", ">Buyers 采购方", ">Cancelled 取消", ">Delivered 已交付")


def supplier_record(shown: SupplierRecord) -> None:
    """Show what the record says in words, then orders by who states them, by year, and public records."""
    console = terminal()
    disputed = "  [yellow]disputed 有异议[/]" if shown["disputes"] else ""
    console.print(
        f"[bold]{escape(shown['enterprise'])}[/]  from {shown['since']} as of {shown['as_of']}{disputed}",
    )
    for sentence in shown["summary"]:
        console.print(bilingual(sentence))
    _contracts(console, shown)
    _years(console, shown)
    _records(console, "Against it 不良记录", shown["against"])
    _records(console, "For it 良好记录", shown["favour"])
    if shown["left_out"]:
        console.print(f"{shown['left_out']} more records 另有记录: --json")
    console.print(bilingual(shown["not_held"]))


def _contracts(console: Console, shown: SupplierRecord) -> None:
    table = plain_table(*COLUMNS, ">Overdue 未交齐", ">Days 交齐天数")
    for title, held in (("others 他方", shown["contracts"]), ("the firm itself 企业自述", shown["own_word"])):
        if held is not None:
            table.add_row(title, *_figures(held))
    if table.row_count:
        console.print(table)


def _figures(held: Contracts) -> tuple[str, ...]:
    share = NONE if held["delivered_share"] is None else f"{held['delivered_share']:.1%}"
    counts = (str(held["orders"]), yuan(held["amount_fen"]), str(held["buyers"]), str(held["cancelled"]))
    return (*counts, share, str(held["outstanding"]), number(held["days_median"]))


def _years(console: Console, shown: SupplierRecord) -> None:
    table = plain_table("Year 年份", ">Orders 订单", ">Value 金额", ">Cancelled 取消", ">In full 交齐")
    for year in shown["years"]:
        counts = (str(year["cancelled"]), str(year["delivered_in_full"]))
        table.add_row(str(year["year"]), str(year["orders"]), yuan(year["amount_fen"]), *counts)
    if table.row_count:
        console.print(table)


def _records(console: Console, title: str, records: list[StatedRecord]) -> None:
    table = plain_table(title, "Authority 机关", "Decided 决定日", "Until 公示至", ">Amount 金额", "Name 记录名")
    for each in records:
        amount = NONE if each["amount_fen"] is None else yuan(each["amount_fen"])
        sort = escape(f"{each['sort']}{' ' + each['tier'] if each['tier'] else ''}")
        days = (each["decided_on"], each["ends_on"] or NONE)
        table.add_row(sort, escape(each["authority"]), *days, amount, escape(each["record"]))
    if table.row_count:
        console.print(table)
