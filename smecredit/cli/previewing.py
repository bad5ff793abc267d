"""The command that looks at a file before it is imported, and saves the mapping that is proposed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import click

from smecredit.answers import ImportKind, Preview
from smecredit.cli.options import as_json, connected, print_json
from smecredit.client import Client
from smecredit.rendering.preview import preview
from smecredit.report import Reporter

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("preview")
@click.argument("file", type=FILE)
@click.option("--kind", type=click.Choice(get_args(ImportKind)), help="Proposed unless it is given.")
@click.option("--connector", help="Look at the file by this one.")
@click.option("--enterprise", metavar="ID", help="The one that all rows are about, where the file does not say.")
@click.option("--save-connector", metavar="NAME", help="Save the mapping as a connector of your own.")
@click.option("--mapping", type=FILE, help="With --save-connector: the declaration as you corrected it (JSON).")
@as_json
@connected("source-demo")
def preview_command(
    source: Client,
    file: Path,
    save_connector: str | None,
    mapping: Path | None,
    *,
    as_json: bool,
    **about: Any,
) -> None:
    """Show what FILE is and how it would be booked, and import nothing: also `smecredit import --preview FILE`.

    Prints kind, columns with reasons, first rows, rejects and the next command. `--json` prints the whole answer; its
    `declaration`, corrected and saved to a file, is what `--mapping` takes.
    """
    if mapping and not save_connector:
        raise click.UsageError("--mapping needs --save-connector NAME.")
    with Reporter().stage(f"look at {file.name}") as on_sent:
        found = source.preview_import(file, on_sent=on_sent, **about)
    if save_connector:
        saved = source.save_connector(save_connector, _declared(found, mapping))
        told = f"saved {saved['name']}, version {saved['version']}"
        with Reporter().stage(f"look at {file.name} by {saved['name']}") as on_sent:
            about |= {"kind": None, "connector": saved["name"]}
            found = source.preview_import(file, on_sent=on_sent, **about)
        click.echo(told, err=True)
    print_json(found) if as_json else preview(found, str(file), about["enterprise"])


def _declared(found: Preview, mapping: Path | None) -> dict[str, Any]:
    """Return the declaration to save: the corrected one, else the proposed one."""
    if mapping is not None:
        try:
            declared = json.loads(mapping.read_text(encoding="utf-8"))
        except ValueError as error:
            raise click.BadParameter(f"{mapping.name} is no JSON: {error}", param_hint="--mapping") from None
        return dict(declared.get("declaration") or declared) if isinstance(declared, dict) else {}
    if found["declaration"] is None:
        raise click.UsageError(
            "Nothing needs to be saved: import the file by its kind or connector, or give a --mapping."
            if found["kind"]
            else "No mapping could be proposed; give one with --mapping."
        )
    return found["declaration"]
