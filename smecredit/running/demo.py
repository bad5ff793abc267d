"""The demonstration: the main job on a home of its own, from files to offers."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from smecredit.problems import Problem
from smecredit.report import Reporter
from smecredit.running import home as homes
from smecredit.running import journey
from smecredit.running.commands import CannotStart, package_folder
from smecredit.running.folder import Source, sources
from smecredit.running.journey import ImportFigures
from smecredit.running.suite import Suite

AMOUNT_FEN: Final = 500_000_00
MONTHS: Final = 12
# Why there may be no model to show, each with its reason in words.
NO_MODEL: Final = ("/problems/training-data-unusable", "/problems/gate-failed")
# Given for a model of the sandbox alone: one of real firms that fails its gate does not serve.
SYNTHETIC: Final = "synthetic demonstration: made-up firms, nothing is decided by it 合成企业演示，不据此作任何决定"
# What a score says of the act of scoring, not of the firm.
OF_THE_ACT: Final = frozenset({"id", "model", "known_at", "receipt", "batch", "created_at"})
MARK: Final = "made-by-smecredit-demo"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the demonstration did: every figure, and the answers behind them.

    `untrained` says why there is no model, `exception` why one serves that failed its gate.
    """

    imports: Sequence[ImportFigures]
    book_date: str | None
    enterprises: int
    products: int
    untrained: str | None
    exception: str | None
    scores: Sequence[dict[str, Any]]
    matches: Sequence[dict[str, Any]]
    startup_seconds: float
    seconds: float
    steps: dict[str, float]

    @property
    def scored(self) -> list[dict[str, Any]]:
        """The firms that got a score."""
        return [entry for entry in self.scores if "problem" not in entry]

    @property
    def matched(self) -> list[dict[str, Any]]:
        """The firms that got an answer about products."""
        return [entry for entry in self.matches if "problem" not in entry]

    @property
    def scores_sha256(self) -> str:
        """The digest of what the scores say: the same files and seed give the same on every installation."""
        said = [{key: value for key, value in entry.items() if key not in OF_THE_ACT} for entry in self.scores]
        said.sort(key=lambda entry: str(entry["enterprise"]))
        return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def figures(self) -> dict[str, Any]:
        """Return the figures for machines."""
        return {
            "imports": [asdict(entry) for entry in self.imports],
            "book_date": self.book_date,
            "enterprises": self.enterprises,
            "products": self.products,
            "scores": len(self.scored),
            "scores_sha256": self.scores_sha256,
            "not_scored": self.enterprises - len(self.scored),
            "matches": len(self.matched),
            "not_matched": self.enterprises - len(self.matched),
            "offers": sum(len(entry["offers"]) for entry in self.matched),
            "refusals": sum(len(entry["refusals"]) for entry in self.matched),
            "seconds": round(self.seconds, 3),
            "startup_seconds": round(self.startup_seconds, 3),
            "untrained": self.untrained,
            "exception": self.exception,
            "steps": {name: round(seconds, 3) for name, seconds in self.steps.items()},
        }


def fresh_home() -> Path:
    """Make an empty home for the demonstration; only a folder that an earlier one made is ever removed."""
    folder = homes.home() / homes.DEMO
    if folder.exists():
        if not (folder / MARK).exists():
            raise CannotStart(f"{folder} was not made by a demonstration: move it away, or set SMECREDIT_HOME")
        with homes.held(folder):
            shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)  # its databases and files are nobody else's to read
    (folder / MARK).touch()
    return folder


def files(data: Path | None, firms: int, seed: int, report: Reporter) -> list[Source]:
    """Return the files to show: the user's own, or a synthetic economy written now."""
    if data:
        return sources(data)
    folder = homes.home() / "sandbox" / f"{firms}-{seed}"
    with report.stage(f"sandbox economy of {firms} firms"):
        command = [sys.executable, "-m", "sandbox", "--firms", str(firms), "--seed", str(seed), "--out", str(folder)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own program
    if done.returncode:
        raise CannotStart(f"the sandbox failed: {done.stderr.strip() or done.stdout.strip()}")
    return sources(folder)


def _train(
    clients: journey.Clients, report: Reporter, exception: str | None, seed: int | None
) -> tuple[str | None, str | None]:
    """Train and promote; return why there is no model to show, and why one serves that failed its gate.

    Where the data cannot carry a model, or carries one that a simpler one beats, the files are still worth showing.
    """
    try:
        model = journey.train(clients, report, exception, seed)
    except Problem as problem:
        if problem.type not in NO_MODEL:
            raise
        return problem.detail, None
    return None, model["exception"]


def sandbox_products() -> list[dict[str, Any]]:
    """Return the sandbox's catalogue of typical bank products, each marked as such."""
    path = package_folder("sandbox") / "products.json"
    products: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return products


def run(
    running: Suite, files: Sequence[Source], report: Reporter, *, synthetic: bool, seed: int | None = None
) -> Shown:
    """Import, consent, train, score, match; a model of `synthetic` firms may fail its gate and be shown, marked.

    `seed` is that of the training, so that a demonstration ends as it did before.
    """
    clients = journey.Clients(running.url, homes.keys(running.home))
    began = time.monotonic()
    steps: dict[str, float] = {}

    def step(name: str, since: float) -> float:
        now = time.monotonic()
        steps[name] = now - since
        return now

    imports = journey.import_all(clients, files, report)
    dated = journey.date_book(clients)
    at = step("import", began)
    enterprises = journey.consent_all(clients, report)
    at = step("consents", at)
    untrained, exception = _train(clients, report, SYNTHETIC if synthetic else None, seed)
    at = step("train", at)
    scores = [] if untrained else journey.score_all(clients, report)
    at = step("score", at)
    products = journey.publish(clients, sandbox_products(), report)
    at = step("products", at)
    matches = [] if untrained else journey.match_all(clients, AMOUNT_FEN, MONTHS, report)
    end = step("match", at)
    took = (running.startup_seconds, end - began, steps)
    return Shown(imports, dated, enterprises, products, untrained, exception, scores, matches, *took)
