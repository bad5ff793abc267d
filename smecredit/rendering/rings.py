"""Rings of invoices as tables for people."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from smecredit.answers import RingHop, RingList, Rings
from smecredit.answers.rings import FirmRings
from smecredit.money import yuan
from smecredit.rendering.tables import NONE, bilingual, plain_table, terminal


def rings(shown: Rings | RingList) -> None:
    """Show each ring hop by hop, and what was left out."""
    console = terminal()
    console.print(f"[bold]{escape(_whose(shown))}[/]  as of {shown['as_of']}  rings 循环 {shown['count']}")
    table = plain_table(
        ">Ring 循环", ">Hop 环节", "Day 日期", "Seller 销方", "Buyer 购方", "Number 号码", ">Amount 金额"
    )
    for place, ring in enumerate(shown["rings"], start=1):
        for at, hop in enumerate(ring["chain"], start=1):
            table.add_row(str(place) if at == 1 else "", f"{at}/{ring['length']}", *_hop(hop))
    console.print(table)
    if "firms" in shown:
        _firms(console, shown["firms"])
    _foot(console, shown)


def _whose(shown: Rings | RingList) -> str:
    return f"{shown['files']} files 份档案" if "firms" in shown else shown["enterprise"]


def _hop(hop: RingHop) -> tuple[str, ...]:
    """Write a hop; of one that is not shown, that it is there."""
    if not hop["shown"]:
        return (NONE, "another enterprise 其他企业", NONE, NONE, NONE)
    number = f"{hop['number']} ×{hop['times']}" if (hop["times"] or 1) > 1 else str(hop["number"])
    words = (hop["date"], hop["seller"], hop["buyer"], number)
    return (*(escape(str(word)) for word in words), yuan(hop["amount_fen"] or 0))


def _firms(console: Console, firms: list[FirmRings]) -> None:
    table = plain_table("Firm 企业", ">Rings 循环", ">Shortest 最短", ">Sold in them 开票额", "Last 最近")
    for firm in firms:
        told = (str(firm["rings"]), str(firm["hops"]), yuan(firm["amount_fen"]), firm["last_on"])
        table.add_row(escape(firm["enterprise"]), *told)
    console.print(table)


def _foot(console: Console, shown: Rings | RingList) -> None:
    limits = shown["limits"]
    console.print(
        f"At most 至多 {limits['hops']} hops 环, {limits['days']} days 天, amounts within 金额相差 "
        f"{limits['tolerance']:.0%} of the first 以首环为准 ({escape(limits['source'])})"
    )
    if shown["left_out"]:
        console.print(f"Left out 未列出: {shown['left_out']}")
    for span in shown["unsearched"]:
        console.print(f"Not looked for 未搜索: begun 起于 {span['first_on']} – {span['last_on']}")
    console.print(bilingual(shown["not_shown"]))
