"""Half of peak load for a while, with an import every ten seconds: errors, objectives, and what grows.

`MINUTES=10 make bench ARGS=soak`. The objectives are those of `deploy/slo.toml`. Memory is what is a process's own; its
trend begins after a third of the time, when what is made on first use is there.
"""

from __future__ import annotations

import os
import tempfile
import time
import tomllib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import urllib3
from drills import invoices
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.health import Look, files, lasting, look, trend
from benchmarks.load import Load, Told, asks, failures, quantile
from benchmarks.standing import ROOT, Standing, settle, standing
from smecredit.client import Client
from smecredit.running.home import keys
from smecredit.running.journey import GRANTEE
from smecredit.running.ports import Addresses

MINUTES = float(os.environ.get("MINUTES", "30"))
PEAK_SECONDS, IMPORT_SECONDS, LOOK_SECONDS = 30.0, 10.0, 5.0
ROWS = 100
BEHIND = "peers_behind_seconds"
OBJECTIVES = tomllib.loads((ROOT / "deploy" / "slo.toml").read_text())


def run() -> dict[str, Any]:
    """Measure the peak, then stay at half of it."""
    with tempfile.TemporaryDirectory() as folder, standing(Path(folder, "home")) as running:
        firms = settle(running, Path(folder, "sandbox"))
        load = Load(running.url, keys(running.home)[GRANTEE], asks(firms))
        with load.under_way():
            time.sleep(PEAK_SECONDS)
        peak = len(load.told) / PEAK_SECONDS
        load.told.clear()
        soak = Soak(running, firms)
        with load.under_way(peak / 2):
            soak.stay(MINUTES * 60)
        soak.end()
        return report(load.told, soak, peak)


class Soak:
    """Sends a file every ten seconds, and looks at the processes, while others load the suite."""

    def __init__(self, running: Standing, firms: Sequence[str]) -> None:
        self.running, self.firms = running, firms
        self.series: dict[int, list[Look]] = {}
        self.names: dict[int, str] = {}
        self.sent: list[str] = []
        self.imports: list[float] = []
        self.unfinished = 0
        self.accepted = 0
        self.behind: list[float | None] = []
        self.began = time.monotonic()
        self.files_before = files(running.home)
        self.files_after = self.files_before
        self._source = Client(running.url, keys(running.home)["source-demo"], timeout=60)
        gateway = Addresses(int(running.url.rpartition(":")[2]))
        self._metrics = f"{gateway.watched('profile')}/metrics"
        self._done: dict[str, datetime] = {}

    def stay(self, seconds: float) -> None:
        """Do it for so many seconds."""
        self.began = time.monotonic()
        next_import = self.began
        while time.monotonic() < self.began + seconds:
            look(self.running.home, self.series, self.names)
            self._look_at_peers()
            if time.monotonic() >= next_import:
                next_import += IMPORT_SECONDS
                self._send()
                self._follow()
            time.sleep(LOOK_SECONDS)

    def end(self) -> None:
        """Wait for what was sent last, and look at the files."""
        deadline = time.monotonic() + 120
        while len(self._done) < len(self.sent) and time.monotonic() < deadline:
            self._follow()
            time.sleep(1)
        self.unfinished = len(self.sent) - len(self._done)
        self.files_after = files(self.running.home)
        self._source.close()

    def _look_at_peers(self) -> None:
        """Ask the service itself how far its figures of peers are behind; where it does not say, that is told, too."""
        answer = urllib3.request("GET", self._metrics, timeout=60.0)
        self.behind.append(peers_behind(answer.data.decode()))

    def _send(self) -> None:
        number = len(self.sent)
        firm = self.firms[number % len(self.firms)].removeprefix("local:")
        file = self.running.home.parent / "soak.csv"
        file.write_bytes(invoices("soak", number, ROWS, firm))
        self.sent.append(self._source.import_file("invoices.sale", file)["id"])

    def _follow(self) -> None:
        """Take down which imports have been done since, and how long they took."""
        for name in self.sent:
            if name not in self._done and (found := self._source.get_import(name))["finished_at"]:
                began, ended = (datetime.fromisoformat(str(found[at])) for at in ("created_at", "finished_at"))
                self._done[name] = ended
                self.accepted += found["accepted"]
                self.imports.append((ended - began).total_seconds())


def peers_behind(page: str) -> float | None:
    """Return how far the figures of peers are behind the book, as the metrics of the profile service tell it."""
    told = (each for family in text_string_to_metric_families(page) for each in family.samples)
    return next((each.value for each in told if each.name == BEHIND), None)


def report(told: Sequence[Told], soak: Soak, peak: float) -> dict[str, Any]:
    """Return the table."""
    seconds = soak.series and max(looks[-1].at for looks in soak.series.values()) - soak.began
    rows = [
        _row("requests", len(told), None),
        _row("requests a second (peer: the peak)", len(told) / (seconds or 1), peak, "1/s"),
        _row("answers of 5xx, or none", sum(each.failed for each in told), 0),
        _row("imports", len(soak.sent), None),
        _row("rows accepted (peer: sent)", soak.accepted, ROWS * len(soak.sent)),
        *objectives(told, soak),
        *memory(soak, seconds or 0.0),
        _row("open files of all processes, first and last", *_open_files(soak)),
    ]
    return {
        "name": "soak",
        "title": f"{MINUTES:g} minutes at half of peak (peer: the bar)",
        "rows": rows,
        "refused or failed": failures(told) or "none",
        "files of the home, before and after": {
            name: f"{soak.files_before.get(name, (0, 0.0))[0]} → {count} files, {size:.1f} MB"
            for name, (count, size) in soak.files_after.items()
        },
    }


def objectives(told: Sequence[Told], soak: Soak) -> list[dict[str, Any]]:
    """Return each objective with its figure."""
    slo = OBJECTIVES
    good = sum(not each.failed for each in told) / max(1, len(told))
    rows = [_row(f"SLO availability: {slo['availability']['says']}", good, slo["availability"]["share"], "share")]
    for kind in slo["latency"]["kinds"]:
        of_kind = [each for each in told if each.kind == kind]
        took = quantile(of_kind, slo["latency"]["share"])
        rows.append(_row(f"SLO latency: {kind}, 99 of 100 within", took, slo["latency"]["seconds"], "s"))
    done = _quantile(soak.imports, slo["imports"]["share"]) if not soak.unfinished else None
    rows.append(_row("SLO imports: 99 of 100 done within", done, slo["imports"]["seconds"], "s"))
    behind = [each for each in soak.behind if each is not None]
    most = max(behind) if behind and len(behind) == len(soak.behind) else None
    rows.append(_row("SLO peers: behind by at most", most, slo["peers"]["seconds"], "s"))
    return rows


def memory(soak: Soak, seconds: float) -> list[dict[str, Any]]:
    """Return how the memory of each lasting process grew; the peer is the noise."""
    since = soak.began + seconds / 3
    rows = []
    for pid, looks in sorted(lasting(soak.series, since).items(), key=lambda pair: soak.names[pair[0]]):
        found = trend(looks, since)
        said = found.says
        rows.append(_row(f"{soak.names[pid]}: {found.last:.0f} MB, {said} by", found.growth, found.noise, "MB"))
    return rows


def _open_files(soak: Soak) -> tuple[int, int]:
    there = lasting(soak.series, soak.began + 60).values()
    return sum(looks[-1].open_files for looks in there), sum(
        looks[min(3, len(looks) - 1)].open_files for looks in there
    )


def _quantile(values: Sequence[float], share: float) -> float | None:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def _row(what: str, ours: float | None, peer: float | None, unit: str = "") -> dict[str, Any]:
    return {"what": what, "ours": ours, "peer": peer, "unit": unit, "ratio": None}
