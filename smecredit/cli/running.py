"""Commands that run the suite: up, demo."""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from smecredit.cli.options import json_file, write_json
from smecredit.rendering.demo import demo as show_demo
from smecredit.report import Reporter
from smecredit.running import demo
from smecredit.running.cluster import cluster
from smecredit.running.ground import Ground
from smecredit.running.home import KEYS, home
from smecredit.running.suite import PORT, Suite

port_option = click.option(
    "--port", type=click.IntRange(1, 65_528), default=PORT, show_default=True, help="Of the gateway; services follow."
)


@click.command("up")
@port_option
def up_command(port: int) -> None:
    """Start gateway, services and workers in the foreground; Ctrl-C stops all of them cleanly.

    SIGHUP exchanges every process for one of the code that is installed now, without refusing a request.
    """
    _stop_on_signals()
    reporter = Reporter()
    with Suite(home(), port, reporter.say) as suite:
        _roll_on_hangup(suite)
        reporter.say(f"ready after {suite.startup_seconds:.1f} s")
        _tell_addresses(suite, reporter)
        _stay(suite, reporter)


@click.command("demo")
@click.option("--data", type=click.Path(exists=True, path_type=Path), help="Your own folder or workbook.")
@click.option("--firms", type=click.IntRange(30, 100_000), default=300, show_default=True, help="Of the sandbox.")
@click.option("--seed", default=7, show_default=True, help="Of the sandbox, and of the training.")
@click.option("--cluster", "many", is_flag=True, help="As on many machines: PostgreSQL, object store, Redis, Dask.")
@click.option("--exit", "leave", is_flag=True, help="Stop when the result is shown.")
@json_file
@port_option
def demo_command(
    data: Path | None, firms: int, seed: int, many: bool, leave: bool, json_file: Path | None, port: int
) -> None:
    """Show the main job end to end: import, train, score, match. On a home of its own, fresh each time."""
    _stop_on_signals()
    reporter = Reporter()
    files = demo.files(data, firms, seed, reporter)
    with (
        cluster() if many else nullcontext(Ground()) as ground,
        Suite(demo.fresh_home(), port, reporter.say, ground) as suite,
    ):
        reporter.say(f"ready after {suite.startup_seconds:.1f} s")
        shown = demo.run(suite, files, reporter, synthetic=data is None, seed=seed)
        if json_file:
            write_json(shown.figures(), json_file)
        show_demo(shown)
        _tell_addresses(suite, reporter)
        if not leave:
            _stay(suite, reporter)


def _stay(suite: Suite, reporter: Reporter) -> None:
    """Look after the suite until Ctrl-C or SIGTERM."""
    try:
        reporter.say("Ctrl-C stops everything")
        suite.watch()
    except (KeyboardInterrupt, SystemExit):
        reporter.say("stopping")


def _tell_addresses(suite: Suite, reporter: Reporter) -> None:
    """Say where to look and with which keys."""
    reporter.say(f"portal    {suite.url}/portal")
    reporter.say(f"API docs  {suite.url}/docs")
    reporter.say(f"keys      {suite.home / KEYS}")
    reporter.say(f"logs      {suite.home / 'logs'}")


def _roll_on_hangup(suite: Suite) -> None:
    """Have SIGHUP exchange the processes; where it comes because the terminal is gone, it ends the suite as before."""
    ends = signal.getsignal(signal.SIGHUP)

    def roll(number: int, frame: Any) -> None:
        if _terminal_is_gone() and callable(ends):
            ends(number, frame)
        else:
            suite.ask_to_roll()

    signal.signal(signal.SIGHUP, roll)


def _terminal_is_gone() -> bool:
    """Tell whether standard error was a terminal that does not answer any more."""
    try:
        os.tcgetpgrp(sys.stderr.fileno())
    except OSError as error:
        return error.errno == errno.EIO
    return False


def _stop_on_signals() -> None:
    """Turn SIGTERM and SIGHUP into an orderly end, as Ctrl-C is."""

    def stop(number: int, _: Any) -> None:
        signal.signal(number, signal.SIG_IGN)
        sys.exit(0)

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs behind it with SIGINT ignored
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
