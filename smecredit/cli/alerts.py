"""Commands about early warning: replay-alerts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import click

from smecredit.cli.options import day, json_file, report
from smecredit.problems import Expected
from smecredit.report import Reporter
from smecredit.running import evaluation
from smecredit.running import home as homes


@click.command("replay-alerts")
@day("--from", "first", required=True, help="First day on which the book is looked at.")
@day("--to", "last", required=True, help="Last day.")
@click.option("--step", type=click.Choice(["month", "quarter"]), default="month", show_default=True)
@click.option("--data", type=click.Path(exists=True, path_type=Path), help="Folder to load into a book of its own.")
@click.option("--home", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Home whose book is read.")
@json_file
def replay_alerts_command(
    first: date, last: date, step: str, data: Path | None, home: Path | None, json_file: Path | None
) -> None:
    """Run a past period through the early-warning signals: alerts, lead before default, precision, recall.

    Reads the book where it lies, as its operator: only counts leave it. With --data, a suite of its own in a
    temporary folder holds the book, so nothing of yours is read or changed.
    """
    if data and home:
        raise click.UsageError("Give --data or --home, not both.")
    period = ["--from", f"{first:%Y-%m-%d}", "--to", f"{last:%Y-%m-%d}", "--step", step]
    reporter = Reporter()
    if data:
        with evaluation.loaded(data, reporter) as place:
            figures = _replay(place, period, reporter)
    else:
        figures = _replay(home or homes.home(), period, reporter)
    report(figures, json_file, _show)


def _replay(home: Path, period: list[str], reporter: Reporter) -> Any:
    with tempfile.TemporaryDirectory(prefix="smecredit-") as folder, reporter.stage("replay"):
        target = Path(folder) / "replay.json"
        # The service's numeric libraries stay out of this program.
        command = [sys.executable, "-m", "services.profile.cli", "replay-alerts", *period, "--json", str(target)]
        environment = {**os.environ, "SMECREDIT_HOME": str(home)}
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        if ended.returncode:
            raise Expected(f"the replay failed: {(ended.stderr or ended.stdout).strip()[-800:]}")
        return json.loads(target.read_text("utf-8"))


def _show(figures: Any) -> None:
    base = figures["base_rate"]
    click.echo(
        f"{figures['from']} to {figures['to']}, {figures['looks']} looks; {figures['labelled']} labelled firms, "
        f"{figures['defaults']} defaults" + (f" ({base:.1%})" if base is not None else "")
    )
    click.echo(f"{'signal':28}{'alerts':>8}{'firms':>7}{'precision':>11}{'recall':>8}{'lift':>6}{'lead days':>11}")
    for name, row in (*figures["signals"].items(), *figures["together"].items()):
        lead = row["lead_days"]
        click.echo(
            f"{name:28}{row['alerts']:8}{row['firms']:7}{_share(row['precision']):>11}{_share(row['recall']):>8}"
            f"{'' if row['lift'] is None else format(row['lift'], '.2f'):>6}"
            f"{'' if lead is None else format(lead['median'], '.0f'):>11}"
        )


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
