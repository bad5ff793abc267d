"""A match as tables for people."""

from __future__ import annotations

from rich.markup import escape

from smecredit.answers import Match
from smecredit.money import yuan
from smecredit.rendering.tables import bilingual, found_and_needed, plain_table, sandbox_mark, terminal


def match(shown: Match) -> None:
    """Show offers with their terms, refusals with their rule."""
    console = terminal()
    facts = shown["score"]
    rating = facts["problem"] if facts["pd"] is None else f"grade {facts['grade']}  PD {facts['pd']:.2%}"
    console.print(f"[bold]{shown['enterprise']}[/]  {rating}  as of {shown['as_of']}")
    if counted := facts.get("counted"):  # a match of before does not say it
        console.print(f"[yellow]{escape(counted['en'])}\n{escape(counted['zh'])}[/]")
    if shown["offers"]:
        offers = plain_table(
            ">#", "Offer 可申请", "Bank", ">Amount", ">Months", ">Rate", ">All-in 综合年化", ">Fees", ">Cost"
        )
        for offer in shown["offers"]:
            terms = (
                yuan(offer["amount_fen"]),
                str(offer["months"]),
                f"{offer['rate']:.2%}",
                # A match of before the all-in rate does not say it.
                f"{offer['all_in_rate']:.2%}" if "all_in_rate" in offer else "",
                yuan(offer.get("fees_fen", 0)),
                yuan(offer["total_cost_fen"]),
            )
            offers.add_row(str(offer["rank"]), bilingual(offer["title"]) + sandbox_mark(offer), offer["bank"], *terms)
        console.print(offers)
    else:
        console.print("No product fits this need; what each lacks stands below.")
    if shown["refusals"]:
        refusals = plain_table("Refusal 不符合", "Rule", ">Found", ">Needed")
        for refusal in shown["refusals"]:
            found, needed = found_and_needed(refusal)
            refusals.add_row(bilingual(refusal["title"]), bilingual(refusal["rule_title"]), found, needed)
        console.print(refusals)
