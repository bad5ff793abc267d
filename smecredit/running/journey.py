"""The main job end to end, as its users' clients: files in, consents, a model, scores, matches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from smecredit.answers import Import, Purpose
from smecredit.client import Client
from smecredit.report import Reporter
from smecredit.running.folder import Source

GRANTEE: Final = "bank-demo"
OPERATOR: Final = "operator-demo"
APPROVER: Final = OPERATOR  # nobody approves the model that they trained
BEFORE_ALL: Final = date(1990, 1, 1)
FIELDS: Final = ("features", "portrait", "score", "graph")
PURPOSES: Final[tuple[Purpose, ...]] = (
    "credit-assessment",
    "credit-monitoring",
    "financing-match",
    "model-training",
)
# Who else reads, each for its own end: the buyer for its tenders, the operator as the demonstration's supervisor, the
# platform to find financing, with the mandate to hand in applications and none to accept what a bank offers.
BEYOND_CREDIT: Final[Mapping[str, tuple[Sequence[Purpose], Sequence[str]]]] = {
    "buyer-demo": (("procurement",), ("portrait", "graph")),
    OPERATOR: (("supervision",), ("portrait", "graph")),
    "platform-demo": (("financing-match", "financing-application"), FIELDS),
}
MOST_BEYOND_CREDIT: Final = 1_000  # firms that let them, so that a large demonstration is not held up by it
CONSENT_DAYS: Final = 365
AT_ONCE: Final = 8  # consents under way: each is a commit, and one database writes them one after another
CLIENTS_AT_ONCE: Final = 500  # in one call of POST /v1/clients


@dataclass(frozen=True, slots=True)
class ImportFigures:
    """What became of one file; `seconds` until its commit, without the wait in the queue."""

    kind: str
    file: str
    received: int
    accepted: int
    duplicate: int
    rejected: int
    seconds: float

    def adds_up(self) -> bool:
        """Return whether every row received is accounted for."""
        return self.received == self.accepted + self.duplicate + self.rejected


class Clients:
    """Clients of one running suite by development identity."""

    def __init__(self, url: str, keys: Mapping[str, str]) -> None:
        self.url = url
        self._keys = keys

    def of(self, identity: str, **options: Any) -> Client:
        """Return a client for an identity."""
        return Client(self.url, self._keys[identity], timeout=600, **options)


def import_all(clients: Clients, files: Sequence[Source], report: Reporter) -> list[ImportFigures]:
    """Hand in every file, wait for all, and return what became of each; `date_book` says as of when they are read."""
    source = clients.of("source-demo")
    # No alert is told of half a history: until all of it is there, the book is dated before it.
    clients.of(OPERATOR).date_book(BEFORE_ALL, note="while its history is loaded")
    handed_in = [(file, source.import_file(file.kind, file.file)["id"]) for file in files]
    figures: list[ImportFigures] = []
    before: Import | None = None
    for file, import_id in handed_in:
        with report.stage(f"import {file.file.name}") as on_progress:
            done = source.wait_import(import_id, on_progress)
        seconds, before = _seconds(done, before), done
        figures += _figures(file, done, seconds)
    return figures


def date_book(clients: Clients) -> str | None:
    """Date the book with its latest invoice, as the operator of an archive does; return the day."""
    operator = clients.of(OPERATOR)
    return operator.date_book(operator.book()["latest"], note="the latest invoice of what was loaded")["date"]


def _figures(source: Source, done: Import, seconds: float) -> list[ImportFigures]:
    """Return the figures of one import, or of each sheet of a workbook."""
    parts: Sequence[Any] = done.get("parts") or [done]
    return [
        ImportFigures(
            kind=part.get("kind") or source.kind,
            file=source.file.name,
            received=part["received"],
            accepted=part["accepted"],
            duplicate=part["duplicate"],
            rejected=part["rejected"],
            seconds=seconds,
        )
        for part in parts
    ]


def _seconds(done: Import, before: Import | None) -> float:
    """Return how long an import took from its receipt, or from the end of the one before it in the queue."""
    began = datetime.fromisoformat(done["created_at"])
    if before:
        began = max(began, datetime.fromisoformat(before["finished_at"] or done["created_at"]))
    return round((datetime.fromisoformat(done["finished_at"] or done["created_at"]) - began).total_seconds(), 3)


def consent_all(clients: Clients, report: Reporter) -> int:
    """Have every enterprise let the demonstration bank read its file, and the first thousand its other readers too.

    Return how many did. The consents are the enterprises' own acts, each under its own key: for a demonstration only.
    """
    operator = clients.of(OPERATOR)
    with report.stage("demo consents") as on_progress:
        firms = [enterprise["id"] for enterprise in operator.enterprises()]
        keys: list[str] = []
        for start in range(0, len(firms), CLIENTS_AT_ONCE):
            part = enumerate(firms[start : start + CLIENTS_AT_ONCE], start + 1)
            made = operator.create_clients([_enterprise_client(number, firm) for number, firm in part])
            keys += [entry["key"] for entry in made]
        known = set(keys[:MOST_BEYOND_CREDIT])
        _each(keys, lambda key: _consent(operator.with_key(key), beyond_credit=key in known), on_progress)
    return len(keys)


def _enterprise_client(number: int, firm: str) -> dict[str, str]:
    """Describe a client that is an enterprise; numbered, since not every enterprise's id may be a client's."""
    return {"id": f"demo-enterprise-{number:06d}", "role": "enterprise", "enterprise": firm, "name": firm}


def _consent(enterprise: Client, *, beyond_credit: bool) -> None:
    """Give one enterprise's consents: to the demonstration bank, and to those who read for something else."""
    until = datetime.now(UTC).date() + timedelta(days=CONSENT_DAYS)
    enterprise.grant_consent(GRANTEE, PURPOSES, valid_until=until, fields=FIELDS)
    for grantee, (purposes, fields) in BEYOND_CREDIT.items() if beyond_credit else ():
        enterprise.grant_consent(grantee, purposes, valid_until=until, fields=fields)


def train(clients: Clients, report: Reporter, exception: str | None = None, seed: int | None = None) -> dict[str, Any]:
    """Train a model on the firms with outcomes, have it approved by somebody else, and return it serving.

    Where it fails its gate, `exception` is the reason that is given for it; raises `Problem` without one.
    `seed` is that of the training; by default one is drawn.
    """
    bank = clients.of(GRANTEE)
    with report.stage("train") as on_progress:
        model = bank.wait_model(bank.train(promote=True, seed=seed)["version"], on_progress)
    passed = model["card"] is not None and model["card"]["gate"]["passed"]
    reason = None if passed else exception
    return dict(clients.of(APPROVER).approve(model["version"], note="demonstration", exception=reason))


def publish(clients: Clients, products: Sequence[Mapping[str, Any]], report: Reporter) -> int:
    """Put products on offer; return how many."""
    bank = clients.of(GRANTEE)
    with report.stage("sandbox products") as on_progress:
        for number, product in enumerate(products, 1):
            bank.put_product(product)
            on_progress(number, len(products))
    return len(products)


def score_all(clients: Clients, report: Reporter) -> list[dict[str, Any]]:
    """Score every firm with enough data."""
    with report.stage("score") as on_progress:
        return clients.of(GRANTEE).score_batch(on_progress=on_progress)


def match_all(clients: Clients, amount_fen: int, months: int, report: Reporter) -> list[dict[str, Any]]:
    """Match every firm for the same need."""
    with report.stage("match") as on_progress:
        return clients.of(GRANTEE).match_batch(amount_fen=amount_fen, months=months, on_progress=on_progress)


def _each(items: Sequence[str], act: Callable[[str], None], on_progress: Callable[[int, int], None]) -> None:
    """Do one thing for each item, several at once; the first failure stops the rest."""
    done = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(act, items):
            done += 1
            on_progress(done, len(items))
