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
from smecredit.problems import Problem
from smecredit.rendering.imported import failed, how_to_correct, imported
from smecredit.report import Reporter

# The status where rows were rejected: some of what was sent is not in the book.
REJECTED = 3


@click.command("import")
@click.argument("kind", type=click.Choice(get_args(ImportKind)))
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--connector", help="The source's own layout; GET /v1/connectors lists them.")
@click.option("--enterprise", metavar="ID", help="The one that all rows are about, where the files do not say.")
@click.option("--channel", type=click.Choice(get_args(Channel)), help="The lawful way by which the data came.")
@click.option("--stated-on", metavar="DAY", help="The day on which the source made the files, as 2026-03-31.")
@click.option(
    "--rejects",
    "out",
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="Write the rejected rows here, with reasons, to be corrected and imported; of several FILES a folder.",
)
@click.option("--accept-rejects", is_flag=True, help="End with status 0 although rows were rejected.")
@as_json
@connected("source-demo")
def import_command(
    source: Client,
    kind: ImportKind,
    files: tuple[Path, ...],
    out: Path | None,
    *,
    accept_rejects: bool,
    as_json: bool,
    **about: str | None,
) -> None:
    """Import FILES of one KIND (CSV, CSV.gz, Parquet, JSON, XLSX, XLS; 数电票 as XML, OFD or a zip).

    Waits until they are committed. Ends with status 0 where every row was taken (or repeated what is known), 3 where
    rows were rejected, 1 where a file was not taken at all.
    `smecredit import --preview FILE` looks at a file first, whatever its kind.
    """
    reporter = Reporter()
    imports, failures = list[Import](), 0
    for file in files:
        try:
            done = _import(source, kind, file, reporter, about)
        except Problem as problem:
            failed(file.name, problem)
            failures += 1
            continue
        imports.append(done)
        if out and done["rejected"]:
            _write_rejected(source, done, _place(out, file, len(files)))
        if not as_json:
            _tell(source, done, fetched=out is not None)
    if as_json:
        print_json(imports)
    rejected = any(done["rejected"] for done in imports)
    click.get_current_context().exit(1 if failures else REJECTED if rejected and not accept_rejects else 0)


def _import(
    source: Client, kind: ImportKind, file: Path, reporter: Reporter, about: Mapping[str, str | None]
) -> Import:
    """Send one file and wait for its import; `about` is what is said of it beside its kind."""
    with reporter.stage(f"send {file.name}") as on_sent:
        started = source.import_file(kind, file, on_sent=on_sent, **cast("Any", about))
    with reporter.stage(f"import {file.name}") as on_progress:
        return source.wait_import(started["id"], on_progress)


def _tell(source: Client, done: Import, *, fetched: bool) -> None:
    """Say what became of a file, and how to put right what was rejected."""
    imported(done, source.rejects(done["id"]).splitlines() if done["rejected"] else ())
    if done["rejected"] and not fetched:
        how_to_correct(done)


def _place(out: Path, file: Path, files: int) -> Path:
    """Return where the rejected rows of a file are written: `out` itself, or within it for one of several."""
    if files == 1 and not out.is_dir():
        return out
    out.mkdir(parents=True, exist_ok=True)
    return out / f"{file.name.partition('.')[0]}-rejected.csv"


def _write_rejected(source: Client, done: Import, place: Path) -> None:
    rows = source.rejected_rows(done["id"])
    # The rows of a workbook with several sheets are a zip.
    place = place.with_suffix(".zip") if rows.startswith(b"PK") else place
    place.write_bytes(rows)
    click.echo(f"rejected rows, to be corrected and imported again: {place}", err=True)


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
