"""Sends the requests of a seed side by side, judges each answer, and notes how far it is so that a run may go on."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
from attack.judge import broken, foreign
from attack.orders import Order, Orders
from attack.stage import INSIDERS, OUTSIDERS, Scene

THREADS = 6
BATCH = 500
PATIENCE_SECONDS = 120.0


@dataclass
class Record:
    """How far a seed is on one kind of database, and what came of it; in a file when it has one."""

    path: Path | None = None
    done: int = 0
    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    # By who sent them: how many were answered with what they asked for.
    told: Counter[str] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)
    found: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Record:
        """Return what a file says; an empty record where there is none."""
        if not path.exists():
            return cls(path)
        kept = json.loads(path.read_text(encoding="utf-8"))
        counted = {name: Counter(kept.pop(name)) for name in ("statuses", "told", "routes")}
        return cls(path, **kept, **counted)

    def write(self) -> None:
        """Keep it, whole or not at all."""
        if self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            kept = {name: value for name, value in vars(self).items() if name != "path"}
            beside = self.path.with_suffix(".new")
            beside.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
            beside.replace(self.path)

    def table(self, database: str) -> str:
        """Return the figures as a table."""
        classes = Counter[str]()
        for status, count in self.statuses.items():
            classes[f"{status[0]}xx"] += count
        outside = sum(self.told[who] for who in OUTSIDERS)
        rows = [
            ("requests", self.done),
            ("a second", round(self.done / self.seconds) if self.seconds else 0),
            *sorted(classes.items()),
            ("operations that answered with what was asked", len(self.routes)),
            ("of them to insiders, requests", sum(self.told[who] for who in INSIDERS)),
            ("to outsiders, requests", outside),
            *((kind, sum(each["what"].startswith(kind) for each in self.found)) for kind in KINDS),
        ]
        return "\n".join([f"| {database} | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


KINDS = ("server error", "foreign", "schema", "no answer")


class Attack:
    """An attack of one seed on a scene; `inside`: also by those who belong there."""

    def __init__(self, scene: Scene, seed: int, record: Record, *, inside: bool = True) -> None:
        self._scene, self._orders, self._record = scene, Orders(scene, seed, inside=inside), record
        self._url = scene.town.url
        self._lock = threading.Lock()
        self._http = urllib3.PoolManager(maxsize=THREADS, retries=False, timeout=PATIENCE_SECONDS)

    def run(self, count: int, say: Any = lambda _: None) -> Record:
        """Send what is left of so many requests."""
        record = self._record
        with ThreadPoolExecutor(THREADS) as pool:
            for numbers in _batches(record.done, count):
                began = time.monotonic()
                for _ in pool.map(self._send, numbers):
                    pass
                took = time.monotonic() - began
                record.done, record.seconds = numbers[-1] + 1, record.seconds + took
                record.write()
                say(f"{record.done} requests, {len(numbers) / took:.0f}/s, {len(record.found)} found")
        return record

    def _send(self, number: int) -> None:
        order = self._orders.of(number)
        try:
            answer = self._asked(order)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self._note(number, order, 0, f"no answer: {error!r}")
            return
        kind = answer.headers.get("Content-Type", "")
        told = judged(self._scene, order, answer.status, kind, answer.data)
        self._note(number, order, answer.status, told, answer.data)

    def _asked(self, order: Order) -> urllib3.BaseHTTPResponse:
        """Send a request; once more where the other side had just closed a connection that was kept open."""
        sent, times = order.sent, 2
        while True:
            try:
                return self._http.request(
                    sent.method, self._url + sent.target, body=sent.body, headers=order.headers, redirect=False
                )
            except urllib3.exceptions.ProtocolError:
                times -= 1
                if not times:
                    raise

    def _note(self, number: int, order: Order, status: int, told: str | None, data: bytes = b"") -> None:
        route = f"{order.sent.method} {order.sent.path}"
        with self._lock:
            self._record.statuses[str(status)] += 1
            if 200 <= status < 300:
                self._record.told[order.who] += 1
                self._record.routes[route] += 1
            if told:
                words = {"words": order.words[:3000], "answer": data[:600].decode("utf-8", "replace")}
                self._record.found.append({"number": number, "who": order.who, "route": route, "what": told, **words})


def judged(scene: Scene, order: Order, status: int, kind: str, data: bytes) -> str | None:
    """Return what is wrong with an answer, by its kind; None where nothing is."""
    if told := broken(order.sent.method, order.sent.path, status, kind, data):
        return told if told.startswith("server error") else f"schema: {told}"
    if order.who not in INSIDERS and (told := foreign(scene.canaries, order.who, order.words, data)):
        return f"foreign: {told}"
    return None


def _batches(done: int, count: int) -> Iterator[range]:
    for first in range(done, count, BATCH):
        yield range(first, min(first + BATCH, count))
