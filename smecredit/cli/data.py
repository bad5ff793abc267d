"""Commands that bring data in: import, sandbox."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

import click

from smecredit.answers import Channel, Import, ImportKind
from smecredit.cli.options import as_json, connected, print_json
from smecredit.client import Client
from smecredit.report import Reporter

REJECTS_SHOWN = 3


@click.command("import")
@click.argument("kind", type=click.Choice(get_args(ImportKind)))
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--connector", help="The source's own layout; GET /v1/connectors lists them.")
@click.option("--enterprise", metavar="ID", help="The one that all rows are about, where the files do not say.")
@click.option("--channel", type=click.Choice(get_args(Channel)), help="The lawful way by which the data came.")
@click.option("--stated-on", metavar="DAY", help="The day on which the source made the files, as 2026-03-31.")
@as_json
@connected("source-demo")
def import_command(
    source: Client, kind: ImportKind, files: tuple[Path, ...], as_json: bool, **about: str | None
) -> None:
    """Import FILES of one KIND (CSV, CSV.gz, Parquet, JSON; 数电票 as XML or a zip; a workbook is .xlsx).

    Waits until they are committed. `smecredit import --preview FILE` looks at a file first, whatever its kind.
    """
    reporter = Reporter()
    imports = [_import(source, kind, file, reporter, about) for file in files]
    if as_json:
        print_json(imports)
        return
    for done in imports:
        _tell(source, done)


def _import(
    source: Client, kind: ImportKind, file: Path, reporter: Reporter, about: Mapping[str, str | None]
) -> Import:
    """Send one file and wait for its import; `about` is what is said of it beside its kind."""
    with reporter.stage(f"send {file.name}") as on_sent:
        started = source.import_file(kind, file, on_sent=on_sent, **cast("Any", about))
    with reporter.stage(f"import {file.name}") as on_progress:
        return source.wait_import(started["id"], on_progress)


def _tell(source: Client, done: Import) -> None:
    """Say what became of a file, and how to see what was rejected."""
    for part in done.get("parts") or [done]:
        click.echo(
            f"{part['kind']}: {part['received']:,} received = {part['accepted']:,} accepted + "
            f"{part['duplicate']:,} duplicate + {part['rejected']:,} rejected"
        )
    if done["rejected"]:
        lines = source.rejects(done["id"]).splitlines()
        click.echo(f"first rejected of import {done['id']} (all: GET /v1/imports/{done['id']}/rejects):")
        click.echo("\n".join(f"  {line}" for line in lines[: REJECTS_SHOWN + 1]))


@click.command("withdraw-import")
@click.argument("import_id", metavar="IMPORT")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@connected("source-demo")
def withdraw_import_command(source: Client, import_id: str, *, yes: bool, as_json: bool) -> None:
    """Take the import IMPORT (imp_…) back, as its sender or as the operator.

    Versions that it replaced stand again, earlier moments are read as they were; the firms and their readers are told.
    """
    before = source.get_import(import_id)
    if not yes:
        click.confirm(f"Take back {before['file']} ({before['kind']}, {before['accepted']:,} accepted)?", abort=True)
    done = source.withdraw_import(import_id)
    if as_json:
        print_json(done)
        return
    ended = done["withdrawal"] or before["withdrawal"]
    if ended:
        click.echo(f"taken back: {ended['rows'] or 0:,} rows of {ended['enterprises'] or 0:,} firms")
        for each in ended["send_again"]:
            click.echo(f"send again: {each} had repeated rows of it, and its file is no longer kept")


@click.command("sandbox", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox_command(arguments: tuple[str, ...]) -> None:
    """Write a synthetic economy: see `smecredit sandbox --help`."""
    # The sandbox is a program of its own: its numeric libraries stay out of this one.
    sys.exit(subprocess.run([sys.executable, "-m", "sandbox", *arguments], check=False).returncode)  # noqa: S603
