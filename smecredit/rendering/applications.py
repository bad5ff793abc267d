"""Applications as tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape

from smecredit.answers import Application, ApplicationHistory, Dossier
from smecredit.money import yuan
from smecredit.rendering.tables import NONE, plain_table, terminal


def dossier(shown: Dossier) -> None:
    """Show what was handed in."""
    applications(shown["applications"])


def applications(shown: Sequence[Application]) -> None:
    """Show applications with where they stand and what you may do."""
    table = plain_table(
        "Application 申请", "State", "Firm", "Product", ">Asked", ">Months", ">Offered", ">Rate", "Moves"
    )
    for each in shown:
        terms = each["terms"]
        table.add_row(
            each["id"],
            each["state"],
            escape(each["enterprise"]),
            escape(each["product"]),
            yuan(each["need"]["amount_fen"]),
            str(each["need"]["months"]),
            yuan(terms["amount_fen"]) if terms else NONE,
            f"{terms['rate']:.2%}" if terms else NONE,
            ", ".join(each["moves"]),
        )
    terminal().print(table if shown else "no applications 没有申请")


def application(shown: ApplicationHistory) -> None:
    """Show an application with its moves and its offers."""
    applications([shown])
    moves = plain_table(">#", "Move 操作", "To", "By", "On", "Reason")
    for move in shown["events"]:
        by = f"{escape(move['client'])} ({move['party']})"
        moves.add_row(
            str(move["number"]), move["event"], move["state"], by, move["at"][:10], escape(move["reason"] or "")
        )
    terminal().print(moves)
    if not shown["offers"]:
        return
    offers = plain_table(">Offer 报价", "State", ">Amount", ">Months", ">Rate", "Until", "Digest")
    for offer in shown["offers"]:
        said = offer["document"]
        offers.add_row(
            str(offer["number"]),
            offer["state"],
            yuan(said["amount_fen"]),
            str(said["months"]),
            f"{float(said['rate']):.2%}",
            offer["expires_on"],
            (offer["sha256"] or NONE)[:12],
        )
    terminal().print(offers)
