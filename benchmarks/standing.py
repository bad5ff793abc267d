"""A suite as `smecredit up` runs it, with a made-up economy in it: what benchmarks of a running suite share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from smecredit.report import Reporter
from smecredit.running import demo, journey
from smecredit.running.folder import sources
from smecredit.running.home import keys
from smecredit.running.ports import PARTS, free_port

COMMAND = Path(sys.executable).with_name("smecredit")
ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 300.0
FIRMS, MONTHS, SEED = 60, 24, 7
WORKERS = 3
PROCESSES = len(PARTS) + WORKERS
EXCHANGED = "was exchanged"


class Stuck(Exception):
    """What a running suite was waited for did not come."""


@dataclass
class Standing:
    """A running `smecredit up`, and what it has said so far."""

    process: subprocess.Popen[str]
    home: Path
    url: str
    said: list[str] = field(default_factory=list)

    def exchange(self) -> None:
        """Have every process exchanged, and wait until all were."""
        before = self.exchanged()
        self.process.send_signal(signal.SIGHUP)
        until(lambda: self.exchanged() >= before + PROCESSES, self.process)

    def exchanged(self) -> int:
        """Return how many processes have been exchanged until now."""
        return sum(EXCHANGED in line for line in list(self.said))

    def follow(self) -> None:
        """Take down what it says, until it has ended."""
        assert self.process.stderr
        self.said.extend(self.process.stderr)


def until(claim: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Wait until a claim holds; raise `Stuck` where it does not for minutes, or the process has ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not claim():
        if time.monotonic() > deadline or (process and process.poll() is not None):
            raise Stuck("the suite has ended" if process and process.poll() is not None else "it never came true")
        time.sleep(0.1)


@contextmanager
def standing(folder: Path) -> Iterator[Standing]:
    """Run `smecredit up` on a home; its clients are not limited in what they may ask."""
    port = free_port()
    free = {"GATEWAY_RATE_LIMITS": "bank=100000000/60,source=100000000/60,operator=100000000/60"}
    environment = {**os.environ, **free, "SMECREDIT_HOME": str(folder)}
    command = [str(COMMAND), "up", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    running = Standing(process, folder, f"http://127.0.0.1:{port}")
    follower = threading.Thread(target=running.follow, daemon=True)
    follower.start()
    try:
        until(lambda: any(line.startswith("Ctrl-C") for line in list(running.said)), process)
        yield running
    except Stuck as stuck:
        raise Stuck(f"{stuck}; it said last:\n{''.join(running.said[-12:])}") from None
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        follower.join(PATIENCE_SECONDS)


def settle(running: Standing, folder: Path) -> Sequence[str]:
    """Bring a made-up economy in: files, consents, a model, products. Return the firms that can be scored."""
    command = [sys.executable, "-m", "sandbox", "--firms", str(FIRMS), "--months", str(MONTHS), "--seed", str(SEED)]
    subprocess.run([*command, "--out", str(folder)], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    clients, report = journey.Clients(running.url, keys(running.home)), Reporter()
    journey.import_all(clients, sources(folder), report)
    journey.date_book(clients)
    journey.consent_all(clients, report)
    journey.train(clients, report, "a benchmark: nothing is decided by it", SEED)
    journey.publish(clients, demo.sandbox_products(), report)
    return [score["enterprise"] for score in journey.score_all(clients, report) if "score" in score]
