"""A suite at work: callers that send files, order scores, give consents and hand in dossiers, and note what was taken.

Each caller does one act after another, each under a key of its own until it is answered: what `Journal` holds was
acknowledged. `still` waits until nobody waits for an answer, so that what is there can be counted.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from faults.door import Act, Door, GaveUp

BANK, SOURCE, OPERATOR, BUYER = "bank-demo", "source-demo", "operator-demo", "buyer-demo"
OWNERS = 6
WRONG_EACH, REPEATED = 50, 5
REST_SECONDS = 0.3
FILE_REST_SECONDS = 1.5
PACE_SECONDS = 0.5
STILL_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that was taken in: its import, the mark of its invoices' numbers, and what must become of its rows."""

    id: str
    mark: str
    rows: int
    counts: Mapping[str, int]


@dataclass
class Journal:
    """What was acknowledged, by kind; `broken` are acts that were not done although everything was well again."""

    imports: list[Sent] = field(default_factory=list)
    scores: list[str] = field(default_factory=list)
    consents: list[tuple[str, str]] = field(default_factory=list)
    applications: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Town:
    """Firms that have consented, owners with keys among them, and the product that they ask for."""

    firms: Sequence[str]
    owners: Mapping[str, str]
    product: Mapping[str, Any]


def settle(door: Door) -> Town:
    """Find the firms of a demonstration, and give some of their owners keys."""
    firms, clients = [], list(pages(door, OPERATOR, "/v1/clients"))
    owners: dict[str, str] = {}
    keys = dict(door.keys)
    for client in clients:
        firm = client["enterprise"]
        if firm:
            firms.append(firm)
            if len(owners) < OWNERS:
                act = Act(OPERATOR, "POST", f"/v1/clients/{client['id']}/keys", f"key-of-{client['id']}")
                keys[client["id"]], owners[client["id"]] = door.ask(act)["key"], firm
    door.keys = keys
    product = next(iter(pages(door, BANK, "/v1/products")))
    return Town(firms, owners, product)


def pages(door: Door, who: str, path: str) -> Iterator[Any]:
    """Read a list to its end."""
    cursor: str | None = ""
    while cursor is not None:
        page = door.read(who, f"{path}?limit=100&cursor={cursor}")
        yield from page["items"]
        cursor = page["next"]


class Load:
    """Callers of a suite, each a thread; everything that they do follows from the seed, but for when."""

    def __init__(self, door: Door, town: Town, seed: int) -> None:
        self.door, self.town, self.journal = door, town, Journal()
        self._seed = seed
        self._going, self._over = threading.Event(), threading.Event()
        self._busy: set[str] = set()
        self._turn = threading.Condition()
        acts: dict[str, tuple[Callable[[random.Random, str], None], float]] = {
            "files": (self._send_file, FILE_REST_SECONDS),
            "scores": (self._score, REST_SECONDS),
            "more scores": (self._score, REST_SECONDS),
            "consents": (self._consent, REST_SECONDS),
            "dossiers": (self._hand_in, REST_SECONDS),
        }
        self._threads = [
            threading.Thread(target=self._call, args=(name, *what), daemon=True) for name, what in acts.items()
        ]

    def __enter__(self) -> Load:
        """Begin."""
        for thread in self._threads:
            thread.start()
        self._going.set()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End, when what is under way has its answer; at once where the run broke off."""
        if kind is not None:
            self.door.over.set()
        self._over.set()
        self._going.set()
        for thread in self._threads:
            thread.join(STILL_SECONDS)

    @contextmanager
    def still(self) -> Iterator[None]:
        """Have every caller end what it began and rest for the time of the block."""
        self._going.clear()
        with self._turn:
            if not self._turn.wait_for(lambda: not self._busy, STILL_SECONDS):
                self.journal.broken.append(f"{', '.join(sorted(self._busy))} wait for an answer for ever")
        try:
            yield
        finally:
            self._going.set()

    def send(self, mark: str, rows: int, chance: random.Random) -> Sent:
        """Hand in a file of so many invoices, and note it."""
        body, counts = book(mark, rows, chance.sample(list(self.town.firms), 2))
        act = Act(SOURCE, "POST", "/v1/imports?kind=invoices.sale&filename=sales.csv", f"file-{mark}", body)
        sent = Sent(self.door.ask(act)["id"], mark, rows, counts)
        self.journal.imports.append(sent)
        return sent

    def _call(self, name: str, act: Callable[[random.Random, str], None], rest: float) -> None:
        chance = random.Random(f"{self._seed} {name}")
        number = 0
        while self._going.wait() and not self._over.is_set():
            with self._at_work(name):
                if not self._going.is_set():
                    continue
                try:
                    act(chance, f"{name.replace(' ', '-')}-{self._seed}-{number}")
                except GaveUp as error:
                    self.journal.broken.append(str(error))
            number += 1
            time.sleep(rest * chance.uniform(0.2, 1.8))

    @contextmanager
    def _at_work(self, name: str) -> Iterator[None]:
        with self._turn:
            self._busy.add(name)
        try:
            yield
        finally:
            with self._turn:
                self._busy.discard(name)
                self._turn.notify_all()

    def _send_file(self, chance: random.Random, key: str) -> None:
        """Send a file and see it under way: no more are sent than are worked off."""
        sent = self.send(key, chance.choice((60, 500, 4000)), chance)
        look = Act(SOURCE, "GET", f"/v1/imports/{sent.id}", "")
        while self._going.is_set() and self._waits(look):
            time.sleep(PACE_SECONDS)

    def _waits(self, look: Act) -> bool:
        status, said = self.door.once(look)
        return status != 200 or said["state"] == "queued"

    def _score(self, chance: random.Random, key: str) -> None:
        wish = {"enterprise": chance.choice(self.town.firms)}
        self.journal.scores.append(self.door.ask(Act.of_json(BANK, "POST", "/v1/scores", key, wish))["id"])

    def _consent(self, chance: random.Random, key: str) -> None:
        owner = chance.choice(sorted(self.town.owners))
        until = (datetime.now(UTC).date() + timedelta(days=chance.randint(2, 300))).isoformat()
        wish = {"grantee": BUYER, "purposes": ["procurement"], "fields": ["portrait"], "valid_until": until}
        given = self.door.ask(Act.of_json(owner, "POST", "/v1/consents", key, wish))
        self.journal.consents.append((owner, given["id"]))

    def _hand_in(self, chance: random.Random, key: str) -> None:
        """Hand in a dossier and withdraw it: two messages to the bank."""
        owner = chance.choice(sorted(self.town.owners))
        product, firm = self.town.product, self.town.owners[owner]
        need = {"amount_fen": product["amount_fen"][0], "months": product["months"][0]}
        wish = {"enterprise": firm, "products": [product["id"]], "need": need}
        (application,) = self.door.ask(Act.of_json(owner, "POST", "/v1/applications", key, wish))["applications"]
        place = f"/v1/applications/{application['id']}/withdraw"
        self.door.ask(Act.of_json(owner, "POST", place, f"{key}-back", {"reason": "changed our mind"}))
        self.journal.applications.append(application["id"])


def book(mark: str, rows: int, firms: Sequence[str]) -> tuple[bytes, dict[str, int]]:
    """Return invoices of some firms as CSV, every fiftieth wrong and five repeated, and what must become of them."""
    lines = []
    for number in range(rows):
        firm = firms[number % len(firms)].removeprefix("local:")
        total = "oops" if number % WRONG_EACH == WRONG_EACH - 1 else "113.00"
        day = f"2024-{1 + number % 12:02}-{1 + number % 28:02}"
        lines.append(f"{firm},{mark}-{number},{day},buyer-{number % 31},100.00,13.00,{total},valid,true")
    head = "enterprise,number,date,counterparty,net,tax,total,status,synthetic"
    wrong = rows // WRONG_EACH
    counts = {
        "received": rows + REPEATED,
        "accepted": rows - wrong,
        "duplicate": REPEATED,
        "rejected": wrong,
    }
    return "\n".join([head, *lines, *lines[:REPEATED], ""]).encode(), counts


class Postbox:
    """A receiver of webhooks; `got` counts what came by its id, under which it may come more than once."""

    def __init__(self) -> None:
        self.got: dict[str, int] = {}
        turn = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:  # noqa: N805 (`self` is the postbox)
                length = int(handler.headers["Content-Length"] or 0)
                handler.rfile.read(length)
                with turn:
                    name = str(handler.headers["webhook-id"])
                    self.got[name] = self.got.get(name, 0) + 1
                handler.send_response(204)
                handler.end_headers()

            def log_message(handler, *_: object) -> None:  # noqa: N805
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def close(self) -> None:
        """Receive no more."""
        self._server.shutdown()
        self._server.server_close()


def subscribe(door: Door, box: Postbox) -> None:
    """Have the bank told of dossiers."""
    wish = {"url": box.url}
    door.ask(Act(BANK, "POST", "/v1/webhooks", f"hook-{box.url}", json.dumps(wish).encode()))
