"""What the commands share: where the suite is, who asks, and how results are printed."""

from __future__ import annotations

import codecs
import json
import os
import sys
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any, TextIO

import click

from smecredit.client import DEFAULT_URL, Client
from smecredit.money import fen
from smecredit.running.home import api_key

Function = Callable[..., Any]


def connected(identity: str) -> Callable[[Function], Function]:
    """Give a command a client of a running suite, as `identity` unless the user names another."""

    def add(command: Function) -> Function:
        @wraps(command)
        def run(*, url: str, identity: str, **options: Any) -> Any:
            with Client(url, api_key(identity, url)) as client:
                return command(client, **options)

        run = click.option(
            "--as",
            "identity",
            default=identity,
            show_default=True,
            help="Development identity whose key is used unless SMECREDIT_API_KEY is set.",
        )(run)
        return click.option(
            "--url",
            default=lambda: os.environ.get("SMECREDIT_URL", DEFAULT_URL),
            show_default=f"$SMECREDIT_URL or {DEFAULT_URL}",
            help="Address of the gateway.",
        )(run)

    return add


as_json = click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON.")


def printed(show: Callable[[Any], None]) -> Callable[[Function], Function]:
    """Print the answer that a command returns: whole with `--json`, else as `show` does for people."""

    def add(command: Function) -> Function:
        @wraps(command)
        def run(*, as_json: bool, **options: Any) -> None:
            answer = command(**options)
            print_json(answer) if as_json else show(answer)

        return as_json(run)

    return add


def day(*names: str, **attributes: Any) -> Callable[[Function], Function]:
    """Add an option whose value is a date."""
    return click.option(*names, type=click.DateTime(["%Y-%m-%d"]), callback=_as_date, **attributes)


def _as_date(ctx: click.Context, param: click.Parameter, value: datetime | None) -> date | None:
    """Return the date of a date option."""
    return value.date() if value else None


def purpose_of(*purposes: str) -> Callable[[Function], Function]:
    """Add an option for why files are read: one of these, the first unless the user names another."""
    return click.option(
        "--purpose", type=click.Choice(purposes), default=purposes[0], show_default=True, help="Why you read it."
    )


as_of = day("--as-of", "as_of", help="Look at the firm as of this date.")
json_file = click.option(
    "--json", "json_file", type=click.Path(path_type=Path, allow_dash=True), help="Write the figures here."
)


def print_json(value: Any) -> None:
    """Print a value for machines; as ASCII where the stream could not hold every sign of it."""
    click.echo(json.dumps(value, ensure_ascii=not _holds_all(sys.stdout), indent=2))


def _holds_all(stream: TextIO) -> bool:
    return codecs.lookup(stream.encoding or "ascii").name.startswith("utf")


def write_json(value: Any, path: Path) -> None:
    """Write a value for machines into a file, `-` for standard output."""
    if str(path) == "-":
        print_json(value)
    else:
        path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def report(figures: Any, path: Path | None, show: Callable[[Any], None]) -> None:
    """Write figures into a file where one is named, and show them unless that is standard output."""
    if path:
        write_json(figures, path)
    if str(path) != "-":
        show(figures)


def as_fen(ctx: click.Context, param: click.Parameter, value: str) -> int:
    """Return the fen of an amount in yuan that the command line gives."""
    try:
        return fen(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error
