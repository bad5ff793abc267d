"""Tells a person how long work goes: bars on a terminal, plain lines elsewhere; always on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from smecredit.client import OnProgress

PLAIN_EVERY_SECONDS = 5.0


class Reporter:
    """Where progress goes; standard output stays free for results."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(self, line: str) -> None:
        """Tell one thing."""
        if self.console.is_terminal:
            self.console.print(line, markup=False)
        else:
            print(line, file=sys.stderr, flush=True)

    @contextmanager
    def stage(self, title: str) -> Iterator[OnProgress]:
        """Run a stage of long work; the value given takes (done, total) from any thread."""
        began = time.monotonic()
        with self._bar(title) if self.console.is_terminal else self._lines(title) as on_progress:
            yield on_progress
        self.say(f"{title}: {time.monotonic() - began:.1f} s")

    @contextmanager
    def _bar(self, title: str) -> Iterator[OnProgress]:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(title, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)

    @contextmanager
    def _lines(self, title: str) -> Iterator[OnProgress]:
        last = time.monotonic()

        def on_progress(done: int, total: int | None) -> None:
            nonlocal last
            if time.monotonic() - last < PLAIN_EVERY_SECONDS:
                return
            last = time.monotonic()
            self.say(f"{title}: {done:,}{f' of {total:,}' if total else ''}")

        yield on_progress
