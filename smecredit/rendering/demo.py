"""What the demonstration did, as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape

from smecredit.rendering.tables import NONE, bilingual, found_and_needed, plain_table, terminal
from smecredit.running.demo import Shown
from smecredit.running.journey import BEYOND_CREDIT, MOST_BEYOND_CREDIT

FIRMS_SHOWN = 8


def demo(shown: Shown) -> None:
    """Show what the demonstration did, from files to offers."""
    console = terminal()
    files = plain_table("File", "Kind", ">Received", ">Accepted", ">Duplicate", ">Rejected")
    for entry in shown.imports:
        counts = (entry.received, entry.accepted, entry.duplicate, entry.rejected)
        files.add_row(entry.file, entry.kind, *(f"{count:,}" for count in counts))
    console.print(files)
    if shown.book_date:
        console.print(f"operator-demo dated the book {shown.book_date}, its latest invoice: files are read as of then.")
    if shown.untrained:
        console.print(f"No scores and no matches: {shown.untrained}", markup=False)
    if shown.exception:
        console.print(f"[yellow]The model failed its gate and serves by exception:[/] {escape(shown.exception)}")
    firms = plain_table("Enterprise", "Grade", ">Score", ">PD", "Top reason", "Best offer, or nearest refusal")
    matches = {entry["enterprise"]: entry for entry in shown.matched}
    for scored in _spread(shown.scored):
        reason = bilingual(scored["reasons"][0]["title"]) if scored["reasons"] else NONE
        fitting = _fitting(matches.get(scored["enterprise"]))
        figures = (scored["grade"], f"{scored['score']:.0f}", f"{scored['pd']:.2%}")
        firms.add_row(scored["enterprise"], *figures, reason, fitting)
    if shown.scored:
        console.print(firms)
    total = shown.figures()
    console.print(
        f"{total['enterprises']:,} enterprises; as many demo consents to bank-demo, "
        f"{min(total['enterprises'], MOST_BEYOND_CREDIT):,} also to "
        f"{', '.join(f'{who} ({_joined(purposes)})' for who, (purposes, _) in BEYOND_CREDIT.items())}; "
        f"{total['products']} sandbox products; "
        f"{total['scores']:,} scores ({total['not_scored']:,} without); "
        f"{total['matches']:,} matches with {total['offers']:,} offers and {total['refusals']:,} refusals; "
        f"{total['seconds']:.1f} s after {total['startup_seconds']:.1f} s of start-up"
    )
    if shown.scored:
        console.print(f"What the scores say is the same wherever this is the same: SHA-256 {total['scores_sha256']}")


def _spread(scores: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a few firms from the best to the worst."""
    ordered = sorted(scores, key=lambda entry: -float(entry["score"]))
    if len(ordered) <= FIRMS_SHOWN:
        return ordered
    step = (len(ordered) - 1) / (FIRMS_SHOWN - 1)
    return [ordered[round(position * step)] for position in range(FIRMS_SHOWN)]


def _fitting(match: Mapping[str, Any] | None) -> str:
    """Write the best offer in a few words, else the refusal with the fewest failed rules."""
    if not match:
        return NONE
    if match["offers"]:
        best = match["offers"][0]
        return f"{bilingual(best['title'])} {best.get('all_in_rate', best['rate']):.2%}"
    if not match["refusals"]:
        return NONE
    nearest = min(match["refusals"], key=lambda refusal: len(refusal.get("failed") or [refusal]))
    return "✗ {}: {} / {}".format(bilingual(nearest["rule_title"]), *found_and_needed(nearest))


def _joined(purposes: Sequence[str]) -> str:
    return " and ".join(purposes)
