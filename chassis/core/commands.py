"""The maintenance commands of a service: `python -m services.NAME.cli COMMAND [ARGUMENT…]`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from chassis.core import logs, traces
from chassis.core.errors import Refused
from chassis.core.settings import SettingsError

Command = Callable[..., str | Mapping[str, Any] | None]


def run(package: str, **commands: Command) -> None:
    """Be the main program of a service's `cli.py`: do the command that the arguments name and print what it says.

    Every service has `migrate` and `worker`; the first line of a command's docstring is its help. Its parameters are
    taken from the arguments, in their order. What it says in words is printed with the package's name, what it says in
    fields as one line of JSON: for another program.
    """
    chosen = commands.get(sys.argv[1]) if len(sys.argv) > 1 else None
    if chosen is None or not _fits(chosen, sys.argv[2:]):
        sys.exit("\n".join([f"usage: python -m {package}.cli COMMAND", *map(_help, commands.items())]))
    logs.configure(service := package.rsplit(".", 1)[-1])
    try:
        traces.configure(service)
        said = chosen(*sys.argv[2:])
    except SettingsError as error:
        sys.exit(str(error))
    except Refused as refusal:
        sys.exit(refusal.detail)
    if isinstance(said, str):
        print(f"{package}: {said}")
    elif said is not None:
        print(orjson.dumps(said).decode())


def _fits(command: Command, arguments: list[str]) -> bool:
    try:
        inspect.signature(command).bind(*arguments)
    except TypeError:
        return False
    return True


def _help(named: tuple[str, Command]) -> str:
    name, command = named
    words = " ".join([name, *(parameter.upper() for parameter in inspect.signature(command).parameters)])
    return f"  {words:24} {(command.__doc__ or '').splitlines()[0]}"
