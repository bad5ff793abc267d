"""The maintenance commands of a service: `python -m services.NAME.cli COMMAND`."""

from __future__ import annotations

import sys
from collections.abc import Callable

from chassis.core import logs
from chassis.core.settings import SettingsError


def run(package: str, **commands: Callable[[], str | None]) -> None:
    """Be the main program of a service's `cli.py`: do the command that the arguments name and print what it says.

    Every service has `migrate` and `worker`; the first line of a command's docstring is its help.
    """
    chosen = commands.get(sys.argv[1]) if len(sys.argv) == 2 else None
    if chosen is None:
        lines = [f"  {name:10} {(command.__doc__ or '').splitlines()[0]}" for name, command in commands.items()]
        sys.exit("\n".join([f"usage: python -m {package}.cli COMMAND", *lines]))
    logs.configure(package.rsplit(".", 1)[-1])
    try:
        said = chosen()
    except SettingsError as error:
        sys.exit(str(error))
    if said:
        print(f"{package}: {said}")
