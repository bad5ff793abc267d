"""A portrait as tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from smecredit.answers import Portrait, PortraitPartner
from smecredit.money import yuan
from smecredit.rendering.tables import NONE, bilingual, number, plain_table, synthetic_mark, terminal

MONTHS_SHOWN = 6
PARTNERS_SHOWN = 5


def portrait(shown: Portrait) -> None:
    """Show the eight dimensions, the last months, the largest partners."""
    console = terminal()
    firm = shown["enterprise"]
    console.print(
        f"[bold]{escape(firm['name'] or firm['id'])}[/]  {firm['id']}  depth {shown['depth']}  "
        f"as of {shown['as_of']}{synthetic_mark(firm)}"
    )
    table = plain_table("Dimension 维度", ">Score 0–100", ">Percentile", "Peers")
    for dimension in shown["dimensions"]:
        peers = dimension["peers"]
        group = f"{bilingual(peers['group'])} ({peers['count']})" if peers else NONE
        table.add_row(bilingual(dimension["title"]), number(dimension["score"]), number(dimension["percentile"]), group)
    console.print(table)
    told = shown["evidence"]
    if told and told["unconfirmed_fen"]:
        share = told["unconfirmed_fen"] / told["total_fen"]
        console.print(f"Own word only 仅企业自述: {share:.1%} of {yuan(told['total_fen'])}, 36 months")
    months = plain_table("Month", ">Sales", ">Purchases")
    for month in shown["months"][-MONTHS_SHOWN:]:
        months.add_row(month["month"], yuan(month["sales_fen"]), yuan(month["purchases_fen"]))
    console.print(months)
    console.print(_partners("Customers 客户", shown["partners"]["customers"]))
    console.print(_partners("Suppliers 供应商", shown["partners"]["suppliers"]))


def _partners(title: str, partners: Sequence[PortraitPartner]) -> Table:
    table = plain_table(title, ">Net", ">Share", ">Months", "Last")
    for partner in partners[:PARTNERS_SHOWN]:
        share = f"{partner['share']:.1%}"
        table.add_row(partner["id"], yuan(partner["net_fen"]), share, str(partner["months"]), partner["last_on"])
    return table
