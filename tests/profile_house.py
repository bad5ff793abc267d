"""A profile service on a real database and a real lake, with a worker that tests run when they want."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from databases import lay
from flask.testing import FlaskClient

from chassis.core.identity import Verifier
from chassis.data.worker import Worker
from services.profile.app import create_app
from services.profile.book import source_grant_store
from services.profile.book.context import Context, PeerMaker
from services.profile.book.domain.channel import Channel
from services.profile.book.domain.columns import KINDS as COLUMNS
from services.profile.book.domain.departure import names_of
from services.profile.book.domain.invoice import DATASET
from services.profile.book.lake import lakes
from services.profile.book.usecases.grant_source import Terms, grant
from services.profile.composition import PACKAGE, migrate
from services.profile.jobs import handlers
from services.profile.portrait.usecases.make_peers import AtOnce
from services.profile.problems import KINDS
from services.profile.settings import Settings

SCOPES = (
    "imports:write imports:read enterprises:write enterprises:read consents:write consents:read accesses:read "
    "features:bulk alerts:write disputes:read disputes:write disputes:decide repairs:read repairs:write notices:read "
    "ledger:read measures:read measures:write book:write screens:write indices:read indices:write clients:write"
)
# Who is granted everything in a house.
SOURCES = ("source-1", "source-2", "bank-1")
HEADER = "企业代号,发票号码,开票日期,销方单位代号,金额,税额,价税合计,发票状态\n"
ROW = "E1,1001,2019/1/4,A1,100.00,13.00,113.00,有效发票\n"


@dataclass
class House:
    """The service as its clients meet it; its operator dates the book after each file, unless `follows` is not set."""

    client: FlaskClient
    context: Context
    worker: Worker
    tokens: Callable[..., dict[str, str]]
    follows: bool = True

    @property
    def source(self) -> dict[str, str]:
        return self.tokens(role="source", client="source-1", scopes=SCOPES)

    def bank(self, purpose: str | None = "credit-assessment", client: str = "bank-1") -> dict[str, str]:
        headers = self.tokens(role="bank", client=client, scopes=SCOPES)
        return headers | ({"Purpose": purpose} if purpose else {})

    @property
    def operator(self) -> dict[str, str]:
        return self.tokens(role="operator", client="operator-1", scopes=SCOPES)

    def owner(self, enterprise: str = "local:E1") -> dict[str, str]:
        return self.tokens(role="enterprise", client=enterprise, enterprise=enterprise, scopes=SCOPES)

    def send(self, kind: str, content: bytes | str, name: str = "file.csv") -> dict[str, Any]:
        """Send a file, let the worker do it, return the import."""
        body = content.encode() if isinstance(content, str) else content
        sent = self.client.post(f"/v1/imports?kind={kind}&filename={name}", data=body, headers=self.source)
        assert sent.status_code == 202, sent.json
        self.worker.run_once()
        if self.follows:
            self.follow_the_records()
        return self.state(sent.json["id"])

    def follow_the_records(self) -> None:
        """Date the book with its latest invoice, as the operator of an archive does."""
        if latest := self.book()["latest"]:
            self.date_book(latest)

    def date_book(self, day: str | None) -> dict[str, Any]:
        """Date the book as its operator."""
        answer = self.client.put("/v1/book/date", json={"date": day}, headers=self.operator)
        assert answer.status_code == 200, answer.json
        dated: dict[str, Any] = answer.json
        return dated

    def state(self, import_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.get(f"/v1/imports/{import_id}", headers=self.source).json
        return answer

    def rejects(self, import_id: str) -> list[str]:
        answer = self.client.get(f"/v1/imports/{import_id}/rejects", headers=self.source)
        return answer.text.splitlines()[1:]

    def rejects_of(self, import_id: str) -> list[str]:
        """Return the report of rejected rows of anybody's import."""
        answer = self.client.get(f"/v1/imports/{import_id}/rejects", headers=self.operator)
        return answer.text.splitlines()[1:]

    def invoice(self) -> str:
        """Return the name of the record of an invoice of the book."""
        rows = self.context.lake.read(self.context.lake.newest(), without=())
        return str(names_of(DATASET, rows.head(1))[0])

    def consent(
        self,
        enterprise: str = "local:E1",
        grantee: str = "bank-1",
        purposes: tuple[str, ...] = ("credit-assessment",),
        **terms: Any,
    ) -> str:
        """Let the enterprise consent, and return the consent's id."""
        given = {
            "grantee": grantee,
            "purposes": purposes,
            "fields": ["features", "portrait", "score"],
            "valid_until": (datetime.now(UTC) + timedelta(days=30)).date().isoformat(),
            **terms,
        }
        headers = self.owner(enterprise) | {"Idempotency-Key": str(uuid4())}
        answer = self.client.post("/v1/consents", json=given, headers=headers)
        assert answer.status_code == 201, answer.json
        return str(answer.json["id"])

    def book(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.get("/v1/book", headers=self.source).json
        return answer


def counts(answer: dict[str, Any]) -> tuple[int, int, int, int]:
    return answer["received"], answer["accepted"], answer["duplicate"], answer["rejected"]


@cache
def unused_home() -> TemporaryDirectory[str]:
    """Return a home with lakes that hold nothing yet, made once and copied for each house."""
    folder = TemporaryDirectory(prefix="unused-home-")
    for lake in lakes(f"{folder.name}/lake").values():
        lake.create()
    return folder


def grant_all(context: Context, *sources: str) -> None:
    """Grant sources every kind by every channel, those that have no grant."""
    with context.database.begin() as session:
        for source in sources:
            if not source_grant_store.live(session, source, context.today()):
                terms = Terms(source, list(COLUMNS), list(Channel), "an agreement")
                grant(context, session, "operator-1", terms)


def open_house(
    url: str,
    folder: Path,
    verifier: Verifier,
    tokens: Callable[..., dict[str, str]],
    peers: PeerMaker | None = None,
    store: str | None = None,
) -> House:
    """Return the service; peers are made by whoever asks for them, unless `peers` says otherwise.

    Files lie in its home folder, unless in a `store` of several machines.
    """
    home = folder / "home"
    settings = Settings(home=home, database_url=url, lake_url=f"{store or home}/lake", jwks_url="", store=store)
    lay(url, PACKAGE)
    if not home.exists() and store is None:
        copytree(unused_home().name, home)
    migrate(settings)
    app = create_app(settings, verifier=verifier, peers=peers or AtOnce())
    context: Context = app.extensions["context"]
    grant_all(context, *SOURCES)
    return House(app.test_client(), context, Worker(context.database, handlers(context), KINDS), tokens)
