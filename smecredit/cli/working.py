"""Commands of those who keep a suite running: what its workers have to do, and have done again."""

from __future__ import annotations

from typing import Any

import click

from smecredit.cli.options import printed
from smecredit.rendering.working import queued
from smecredit.running.home import home
from smecredit.running.suite import SERVICES
from smecredit.running.upkeep import each, module_of, told


@click.command("jobs")
@click.option("--again", nargs=2, metavar="SERVICE JOB", help="First have a job run again that was set aside.")
@printed(queued)
def jobs_command(again: tuple[str, str] | None) -> dict[str, Any]:
    """Show what waits, runs or failed in the queues of this home, and who works at them."""
    if again:
        if again[0] not in SERVICES:
            raise click.BadParameter(f"the services are {', '.join(SERVICES)}", param_hint="--again")
        told(module_of(again[0]), "again", again[1], home=home())
    return {"services": dict(each("jobs", home=home(), parts=SERVICES))}
