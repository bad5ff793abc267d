"""What a suite runs: the commands of its web processes, workers and maintenance, and what all of them read.

Each is named by the part that it is of: `gateway`, or one of the services.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from smecredit.problems import Expected
from smecredit.running.ports import PARTS, Addresses, Sockets
from smecredit.running.process import Command


def _package(name: str) -> str:
    return "gateway" if name == "gateway" else f"services.{name}"


# What the processes of a suite run, beside `chassis.web.gunicorn_conf`, which reads each one's own environment.
LOADED = (
    "gunicorn.app.wsgiapp",
    "chassis.core.together",
    "chassis.web.gunicorn_worker",
    *(f"{package}.{part}" for package in map(_package, PARTS) for part in ("app", "cli")),
)


class CannotStart(Expected):
    """The suite cannot start, or a part of it cannot stay up."""


def web(name: str, sockets: Sockets) -> Command:
    """Return the command of a web process: gunicorn's own script, as `python -m gunicorn` breaks its restarts."""
    listeners = (sockets.open.fileno(), sockets.watched.fileno())
    script = Path(sys.executable).with_name("gunicorn")
    places = [word for listener in listeners for word in ("--bind", f"fd://{listener}")]
    application = f"{_package(name)}.app:create_app()"
    arguments = [str(script), "--config", "python:chassis.web.gunicorn_conf", *places, application]
    return Command(name, arguments, listeners, loaded=True)


def worker(name: str) -> Command:
    """Return the command of a service's workers, which load without rounds of the collector."""
    command = maintenance(name, "worker")
    return replace(together([command]), name=command.name)


def maintenance(name: str, verb: str, *options: str) -> Command:
    """Return a maintenance command of a service or the gateway."""
    return Command(f"{name}-{verb}", [sys.executable, "-m", f"{_package(name)}.cli", verb, *options], loaded=True)


def together(commands: Sequence[Command]) -> Command:
    """Return the command that does several of `maintenance` one after the other."""
    told = [shlex.join(command.arguments[2:]) for command in commands]
    name = commands[0].name.partition("-")[0]
    return Command(f"{name}-prepare", [sys.executable, "-m", "chassis.core.together", *told], loaded=True)


def environment(folder: Path, addresses: Addresses) -> dict[str, str]:
    """Return what the children read: this process's environment, the home, and each other's addresses."""
    own = {f"{name.upper()}_URL": addresses.of(name) for name in PARTS}
    root = str(package_folder("chassis").parent)
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    return {**os.environ, **own, "SMECREDIT_HOME": str(folder), "PYTHONPATH": path}


def package_folder(name: str) -> Path:
    """Return where a package lies, found without importing it."""
    found = importlib.util.find_spec(name)
    if not found or not found.submodule_search_locations:
        raise CannotStart(f"{name} is not installed: pip install 'smecredit[all]'")
    return Path(found.submodule_search_locations[0])
