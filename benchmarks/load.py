"""Callers of a running suite: what a bank asks, without pause or at a rate, each answer taken down.

At a rate, a request counts from the moment at which it was to be sent: a suite that stands still for a second is slow
to everybody who would have asked in it.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import urllib3

CALLERS = 8
TIMEOUT_SECONDS = 60.0
BROKEN = 0


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of a kind."""

    kind: str
    method: str
    path: str
    purpose: str
    body: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one request: its status, `BROKEN` where no answer came, and what it said where that is not 2xx."""

    kind: str
    status: int
    seconds: float
    at: float
    problem: str = ""

    @property
    def failed(self) -> bool:
        """Whether nobody answered, or somebody failed."""
        return self.status == BROKEN or self.status >= 500


# Of ten requests.
WORKDAY = ("portrait", "score", "portrait", "score", "match") * 2
MANY = ("book", "book", "portrait", "book", "book", "score", "book", "book", "match", "book")


def asks(firms: Sequence[str], mix: Sequence[str] = WORKDAY) -> Iterator[Ask]:
    """Return requests without end, in the order of the mix, firm by firm."""
    for number in itertools.count():
        yield _ask(mix[number % len(mix)], firms[number % len(firms)])


def _ask(kind: str, firm: str) -> Ask:
    assess, need = "credit-assessment", {"amount_fen": 500_000_00, "months": 12}
    return {
        "book": Ask("book", "GET", "/v1/book", assess),
        "portrait": Ask("portrait", "GET", f"/v1/enterprises/{quote(firm, safe=':')}/portrait", assess),
        "score": Ask("score", "POST", "/v1/scores", assess, {"enterprise": firm}),
        "match": Ask("match", "POST", "/v1/matches", "financing-match", {"enterprise": firm, "need": need}),
    }[kind]


@dataclass
class Load:
    """Callers in threads of their own; `told` grows while they are at work."""

    url: str
    key: str
    asks: Iterator[Ask]
    told: list[Told] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _done: threading.Event = field(default_factory=threading.Event)
    _next_at: float = 0.0

    @contextmanager
    def under_way(self, rate: float | None = None) -> Iterator[Load]:
        """Have the callers at work while the block lasts: without pause, or so many requests a second over all.

        Half of them open a connection for each request.
        """
        self._done.clear()
        self._next_at = time.monotonic()
        threads = [threading.Thread(target=self._call, args=(rate, n % 2 == 0)) for n in range(CALLERS)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._done.set()
            for thread in threads:
                thread.join()

    def _call(self, rate: float | None, keeps: bool) -> None:
        pool = urllib3.PoolManager(retries=False, timeout=TIMEOUT_SECONDS)
        while not self._done.is_set():
            ask, at = self._take(rate)
            if at > time.monotonic() and self._done.wait(at - time.monotonic()):
                return
            self.told.append(self._asked(pool, ask, min(at, time.monotonic()) if rate else time.monotonic(), keeps))

    def _take(self, rate: float | None) -> tuple[Ask, float]:
        """Return the next request and the moment at which it is to be sent."""
        with self._lock:
            at = self._next_at
            self._next_at += 1 / rate if rate else 0.0
            return next(self.asks), at

    def _asked(self, pool: urllib3.PoolManager, ask: Ask, began: float, keeps: bool) -> Told:
        headers = {"Authorization": f"Bearer {self.key}", "Purpose": ask.purpose}
        headers |= {} if keeps else {"Connection": "close"}
        headers |= {"Idempotency-Key": uuid4().hex} if ask.method == "POST" else {}
        status, problem = BROKEN, ""
        try:
            answer = pool.request(ask.method, self.url + ask.path, json=ask.body, headers=headers)
            status = answer.status
            problem = answer.data.decode(errors="replace")[:400] if status >= 400 else ""
        except urllib3.exceptions.HTTPError as error:
            problem = type(error).__name__
        return Told(ask.kind, status, time.monotonic() - began, began, problem)


def quantile(told: Sequence[Told], share: float) -> float:
    """Return the seconds within which this share of requests was answered."""
    seconds = sorted(each.seconds for each in told)
    return seconds[min(len(seconds) - 1, int(share * len(seconds)))] if seconds else 0.0


def failures(told: Sequence[Told]) -> dict[str, int]:
    """Return how often what failed, by kind, status and what was said."""
    found: dict[str, int] = {}
    for each in told:
        if each.status == BROKEN or each.status >= 400:
            name = f"{each.kind} {each.status or 'broken'} {each.problem[:160]}"
            found[name] = found.get(name, 0) + 1
    return found
