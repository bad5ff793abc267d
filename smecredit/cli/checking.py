"""Commands that check what a home keeps: verify."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import click

from smecredit.cli.options import as_json, print_json
from smecredit.rendering.findings import findings as show_findings
from smecredit.running import upkeep
from smecredit.running.home import home


@click.command("verify")
@click.option("--deep", is_flag=True, help="Read every value and recompute every digest.")
@as_json
def verify_command(deep: bool, as_json: bool) -> None:
    """Check databases, ledgers, lakes, files received and models, of a suite that runs or stands still.

    Ends with 1 where something is not as it should be: each finding tells what, where, and what to do next.
    """
    answers = upkeep.each("verify", "deep" if deep else "usual", home=home())
    checked: Counter[str] = Counter()
    found: list[dict[str, Any]] = []
    for part, answer in answers.items():
        checked.update(answer["checked"])
        found += [{"part": part, **each} for each in answer["findings"]]
    told = {"checked": dict(checked), "findings": found}
    print_json(told) if as_json else show_findings(told)
    if found:
        sys.exit(1)
