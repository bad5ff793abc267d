"""Commands that check what a home keeps, and make its lake again or divide it anew: verify, rebuild, rebucket."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import click

from smecredit.cli.options import as_json, print_json
from smecredit.rendering.findings import findings as show_findings
from smecredit.running import upkeep
from smecredit.running.home import held, home


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


@click.command("rebuild")
@click.argument("kinds", nargs=-1)
@as_json
def rebuild_command(kinds: tuple[str, ...], as_json: bool) -> None:
    """Make the lakes of these KINDS (all unless named) again from the files received, beside, and swap them in.

    Stop the suite first. What cannot be made again is told, and its lake stays as it is; ends with 1 then.
    """
    with held(home()):
        told = upkeep.told("services.profile.cli", "rebuild", *kinds, home=home())
    if as_json:
        print_json(told)
    else:
        for each in told["lakes"]:
            click.echo(f"{each['lake']}: {each['said']}")
    if not all(each["done"] for each in told["lakes"]):
        sys.exit(1)


@click.command("rebucket")
@click.argument("buckets", type=click.IntRange(min=1))
@click.argument("kinds", nargs=-1)
@as_json
def rebucket_command(buckets: int, kinds: tuple[str, ...], as_json: bool) -> None:
    """Divide the lakes of these KINDS (all unless named) into so many BUCKETS, each in one commit.

    Stop the suite first. Nothing that is read changes; after a kill the same command goes on with the lakes left.
    """
    with held(home()):
        told = upkeep.told("services.profile.cli", "rebucket", str(buckets), *kinds, home=home())
    if as_json:
        print_json(told)
        return
    for each in told["lakes"]:
        done = f"{each['rows']} rows in {each['buckets']} buckets, before in {each['before']}"
        click.echo(f"{each['lake']}: " + (done if each["before"] != buckets else f"in {buckets} buckets already"))
