"""What became of files that were handed in, for people."""

from __future__ import annotations

from collections.abc import Sequence

import click

from smecredit.answers import Import
from smecredit.problems import Problem

SHOWN = 3


def imported(done: Import, faults: Sequence[str]) -> None:
    """Say what became of a file: its counts, what was not read of it, and the first of its faults."""
    for part in done.get("parts") or [done]:
        sheet = f" ({part['sheet']})" if part.get("sheet") else ""
        click.echo(
            f"{part['kind']}{sheet}: {part['received']:,} received = {part['accepted']:,} accepted + "
            f"{part['duplicate']:,} duplicate + {part['rejected']:,} rejected"
        )
    if done["ignored_columns"]:
        click.echo(f"columns not read / 未识别的列: {', '.join(done['ignored_columns'])}")
    for note in done["notes"]:
        click.echo(f"note: {note}")
    for warning in done["warnings"]:
        click.echo(f"warning: {warning}")
    if done["accepted"]:
        click.echo(f"if it was wrong, take it back / 如有误可撤回: smecredit withdraw-import {done['id']}")
    if done["rejected"]:
        click.echo(f"first rejected of import {done['id']}:")
        click.echo("\n".join(f"  {line}" for line in faults[: SHOWN + 1]))


def how_to_correct(done: Import) -> None:
    """Say how the rejected rows are had, and what to do with them."""
    click.echo(
        f"correct them: GET /v1/imports/{done['id']}/rejects?form=file, or --rejects OUT.csv; then import that file / "
        "用 --rejects OUT.csv 取回退回行，更正后再次导入"
    )


def failed(file: str, problem: Problem) -> None:
    """Say why a file was not taken, in both languages."""
    title = f"{problem.title} / {problem.title_zh}" if problem.title_zh else problem.title
    click.echo(f"{file}: {title}: {problem.detail}", err=True)
