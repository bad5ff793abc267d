"""The door as a harness knocks: an act is repeated under its key until it is answered, and every refusal noted."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import urllib3

# What says that it cannot be done just now; whoever sends it again under its key has it done once.
LATER = frozenset({409, 429, 502, 503, 504, 507})
PAUSE_SECONDS = 0.2
PATIENCE_SECONDS = 150.0


class GaveUp(Exception):
    """An act was refused for good, or never answered."""


@dataclass(frozen=True, slots=True)
class Act:
    """A request: who sends what where; `key` makes its repetition harmless."""

    who: str
    method: str
    path: str
    key: str
    body: bytes = b""
    purpose: str | None = None

    @classmethod
    def of_json(cls, who: str, method: str, path: str, key: str, value: Any) -> Act:
        """Return an act whose body is JSON."""
        return cls(who, method, path, key, json.dumps(value).encode())


@dataclass
class Door:
    """The gateway at `url`; `keys` are those of the clients by name. Threads may share it.

    `refused` counts every answer that was none, by status (0: no answer at all); `faults` says the words of 500s, which
    name no cause. Once it is `over` nothing is repeated: the run was ended, and its suite with it.
    """

    url: str
    keys: Mapping[str, str]
    refused: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    _pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(maxsize=16, retries=False, timeout=urllib3.Timeout(5, read=60))
    )

    def ask(self, act: Act) -> Any:
        """Do an act however often it takes, and return its answer; raise `GaveUp` where it is refused or never done."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            status, answer = self.once(act)
            if status and status < 400:
                return answer
            if status == 500:
                self.faults.append(f"{act.method} {act.path}: {answer}")
            elif status and status not in LATER:
                raise GaveUp(f"{act.method} {act.path}: {status} {answer}")
            if self.over.is_set() or time.monotonic() > deadline:
                raise GaveUp(f"{act.method} {act.path} was never done; last: {status} {answer}")
            time.sleep(PAUSE_SECONDS)

    def read(self, who: str, path: str) -> Any:
        """Read what a path shows somebody."""
        return self.ask(Act(who, "GET", path, ""))

    def once(self, act: Act) -> tuple[int, Any]:
        """Send an act once; return its status (0 where nobody answered) and what was said."""
        headers = {"Authorization": f"Bearer {self.keys[act.who]}", "Purpose": act.purpose or "credit-assessment"}
        if act.key:
            headers["Idempotency-Key"] = act.key
        if act.body[:1] in (b"{", b"["):
            headers["Content-Type"] = "application/json"
        try:
            answer = self._pool.request(act.method, self.url + act.path, headers=headers, body=act.body or None)
        except urllib3.exceptions.HTTPError as error:
            self.refused[0] += 1
            return 0, type(error).__name__
        if answer.status >= 400:
            self.refused[answer.status] += 1
        try:
            return answer.status, answer.json() if answer.data else None
        except ValueError:
            return answer.status, answer.data[:200]
