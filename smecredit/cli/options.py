"""What the commands share: where the suite is, who asks, and how results are printed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click

from smecredit.client import DEFAULT_URL, Client
from smecredit.money import fen
from smecredit.running.home import api_key

Command = Callable[..., None]


def connected(identity: str) -> Callable[[Command], Command]:
    """Add the options of a command that talks to a running suite, as `identity` unless told otherwise."""

    def add(command: Command) -> Command:
        command = click.option(
            "--as",
            "identity",
            default=identity,
            show_default=True,
            help="Development identity whose key is used unless SMECREDIT_API_KEY is set.",
        )(command)
        return click.option(
            "--url",
            default=lambda: os.environ.get("SMECREDIT_URL", DEFAULT_URL),
            show_default=f"$SMECREDIT_URL or {DEFAULT_URL}",
            help="Address of the gateway.",
        )(command)

    return add


def client(url: str, identity: str) -> Client:
    """A client for the command's options."""
    return Client(url, api_key(identity, url))


as_json = click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON.")
as_of = click.option("--as-of", "as_of", type=click.DateTime(["%Y-%m-%d"]), help="Look at the firm as of this date.")


def day(value: Any) -> date | None:
    """The date of a date option."""
    return value.date() if value else None


def print_json(value: Any) -> None:
    """Print a value for machines."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def write_json(value: Any, path: Path) -> None:
    """Write a value for machines into a file, `-` for standard output."""
    text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    if str(path) == "-":
        click.echo(text, nl=False)
    else:
        path.write_text(text, encoding="utf-8")


def as_fen(ctx: click.Context, param: click.Parameter, value: str) -> int:
    """Fen of an amount in yuan given on the command line."""
    try:
        return fen(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error
