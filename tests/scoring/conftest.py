"""A scoring service on a real database, a really trained model, and a profile service that answers over real HTTP.

The profile service here is a small server that speaks the wire's contract, so that a test can also let it fail;
`tests/system` runs the real one.
"""

from __future__ import annotations

import io
import shutil
import threading
import tomllib
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import orjson
import polars as pl
import pytest
from flask import Flask
from werkzeug import Request, Response
from werkzeug.serving import make_server

from chassis.core.http import ServiceIdentity
from chassis.core.identity import Verifier
from chassis.data import jobs
from chassis.data.worker import Worker
from services.scoring.app import create_app
from services.scoring.clients import FULLER
from services.scoring.context import PACKAGE, Context
from services.scoring.jobs import handlers
from services.scoring.ml import plan
from services.scoring.problems import KINDS
from services.scoring.settings import Settings
from services.scoring.tables import Batch, Model

BANK_SCOPES = "scores:write scores:read scores:soft models:write models:read outcomes:write evaluations:write"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
NAMES = ("sales_active_months", "margin", "red_letter_rate")
BOOK_DATE = "2020-02-21"
# What the real service opens for which purpose: the same file, so that this one cannot know better.
RESOURCES = tomllib.loads((ROOT / "services/profile/rights/domain/resources.toml").read_text("utf-8"))


def _feature(name: str, zh: str, direction: int) -> dict[str, Any]:
    title = {"zh": zh, "en": name.replace("_", " ")}
    return {
        "name": name,
        "title": title,
        "unit": "ratio",
        "dimension": "operation",
        "direction": direction,
        "model": True,
        "actionable": "raise",
        "pace_per_month": None,
        "reason": {
            "worse": {"zh": f"{zh}偏差", "en": f"{title['en']} is worse"},
            "better": {"zh": f"{zh}较好", "en": f"{title['en']} is better"},
        },
    }


CATALOGUE: dict[str, Any] = {
    "version": "test-1",
    "features": [
        _feature("sales_active_months", "有销售月份", -1),
        _feature("margin", "毛利", -1),
        _feature("red_letter_rate", "红字率", 1),
    ],
}


# The figures of ties that the catalogue offers beside its features.
TIES = ("managers", "corporate_owners")
CATALOGUE["blocks"] = {
    "graph": [
        {**_feature("managers", "任职人数", 1), "family": "offices", "dimension": "relation"},
        {**_feature("corporate_owners", "企业股东", -1), "family": "backing", "dimension": "relation"},
    ]
}


def book(firms: int = 80, seed: int = 3) -> pl.DataFrame:
    """Return a table of firms whose defaults depend on their features; the last firm has no data at all."""
    random = np.random.default_rng(seed)
    months, margin, red = random.uniform(1, 36, firms), random.normal(0.1, 0.1, firms), random.beta(1, 9, firms)
    risk = -1.2 - 0.1 * (months - 18) - 8 * (margin - 0.1) + 6 * (red - 0.1)
    frame = pl.DataFrame(
        {
            "enterprise": [f"local:E{i + 1}" for i in range(firms)],
            "depth": ["B"] * firms,
            "features_sha256": [f"{i:064x}" for i in range(firms)],
            "sales_active_months": months,
            "margin": margin,
            "red_letter_rate": red,
            "defaulted": random.uniform(size=firms) < 1 / (1 + np.exp(-risk)),
        }
    )
    unknown = pl.DataFrame({"enterprise": ["local:E0"], "depth": ["E"], "features_sha256": ["0" * 64]})
    return pl.concat([frame, unknown], how="diagonal")


@dataclass
class ProfileServer:
    """A profile service with a book in memory; `fail` may answer instead, `seen` keeps the requests."""

    book: pl.DataFrame
    url: str = ""
    names: tuple[str, ...] = NAMES
    fail: Callable[[Request], Response | None] = lambda _request: None
    withheld: set[str] = field(default_factory=set)
    # For which purposes, and as of which first day, a firm's consent holds where it is not for all.
    purposes: dict[str, set[str]] = field(default_factory=dict)
    first_days: dict[str, str] = field(default_factory=dict)
    # What firms dispute, and the values that their features have without it.
    disputes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    undisputed: dict[str, dict[str, float | None]] = field(default_factory=dict)
    undisputed_confirmed: dict[str, dict[str, Any]] = field(default_factory=dict)
    # What firms' money rests on, and the values of their features without what only they state.
    evidence: dict[str, dict[str, Any]] = field(default_factory=dict)
    confirmed: dict[str, dict[str, float | None]] = field(default_factory=dict)
    # Likewise as firms read it of themselves, without what partners' files confirm, where that is something else.
    confirmed_to_itself: dict[str, dict[str, float | None]] = field(default_factory=dict)
    # What firms' fuller files are, in the form of the wire; those of a confirmed reading by name and "confirmed".
    fuller: dict[str, dict[str, Any]] = field(default_factory=dict)
    # The public records that speak against firms.
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    corrections: list[dict[str, str]] = field(default_factory=list)
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    # What each read was for, in order.
    asked: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one request."""
        request = Request(environ)
        self.seen.append((request.path, dict(request.headers)))
        if request.method == "POST":
            self.asked.append(orjson.loads(request.get_data())["what"])
        return (self.fail(request) or self._answer(request))(environ, start_response)

    def refuse(self, status: int, slug: str) -> None:
        """Answer every request with a problem from now on."""
        self.fail = lambda _request: problem(status, slug)

    def forget(self) -> None:
        """Forget what was asked so far."""
        self.seen.clear()
        self.asked.clear()

    def _answer(self, request: Request) -> Response:
        if request.path == "/v1/catalogue":
            return Response(orjson.dumps(CATALOGUE), content_type="application/json")
        if request.path == "/v1/notices-since":
            return Response(orjson.dumps(self._corrections(request.args.get("after"))), content_type="application/json")
        orders = {
            "/v1/feature-tables": self._table,
            "/v1/feature-reads": self._each,
            "/v1/rereads": self._again,
            "/v1/continuations": self._continue,
        }
        if request.path not in orders:
            return problem(404, "not-found")
        order = {**orjson.loads(request.get_data()), "reader": _role(request)}
        return orders[request.path](order, partial(self._opens, request, order))

    def _opens(self, request: Request, order: dict[str, Any], enterprise: str, day: str | None = None) -> bool:
        """Tell whether a file opens to a reader for what an order reads; a firm's own is always open to it."""
        if _role(request) == "enterprise":
            return True
        purpose, day = request.headers["Purpose"], day or order.get("as_of") or BOOK_DATE
        consented = self.purposes.get(enterprise, {purpose})
        fits = purpose in RESOURCES[order["what"]]["purposes"] and purpose in consented
        return fits and enterprise not in self.withheld and self.first_days.get(enterprise, day) <= day

    def change(self, enterprise: str, values: dict[str, float]) -> None:
        """Let a firm's features have other values."""
        mine = pl.col("enterprise") == enterprise
        changed = [pl.when(mine).then(pl.lit(value)).otherwise(name).alias(name) for name, value in values.items()]
        self.book = self.book.with_columns(changed)

    def _corrections(self, after: str | None) -> dict[str, Any]:
        last = self.corrections[-1]["id"] if self.corrections else None
        return {
            "items": [] if after is None else [each for each in self.corrections if each["id"] > after],
            "last": last,
        }

    def _again(self, order: dict[str, Any], opens: Callable[..., bool]) -> Response:
        if "days" in order:
            firm = order["enterprise"]
            marks = {day: self.disputes.get(firm, []) for day in order["days"] if opens(firm, day)}
        else:
            marks = {name: self.disputes.get(name, []) for name in order["enterprises"] if opens(name)}
        return Response(orjson.dumps(marks), content_type="application/json")

    def _each(self, order: dict[str, Any], opens: Callable[[str], bool]) -> Response:
        answers = []
        for name in [read["enterprise"] for read in order["reads"]]:
            answer = self._one(name, order) if opens(name) else problem(403, "consent-required")
            body = answer.get_data()
            answers.append(body if answer.status_code == 200 else b'{"problem":' + body + b"}")
        timing = {"Server-Timing": "consent;dur=1.50, features;dur=2.25"}
        return Response(b"[" + b",".join(answers) + b"]", content_type="application/json", headers=timing)

    def _against(self, order: dict[str, Any], enterprise: str) -> list[dict[str, Any]] | None:
        """Return a firm's public records where what is read opens them."""
        return self.records.get(enterprise, []) if RESOURCES[order["what"]].get("records") else None

    def _one(self, enterprise: str, order: dict[str, Any]) -> Response:
        rows = self.book.filter(pl.col("enterprise") == enterprise).to_dicts()
        if not rows:
            return problem(404, "enterprise-not-found")
        body = {
            "enterprise": enterprise,
            "as_of": order.get("as_of", BOOK_DATE),
            "known_at": "2026-01-01T00:00:00Z",
            "depth": rows[0]["depth"],
            "catalogue": "test-1",
            "values": {name: rows[0][name] for name in self._asked_of(order)},
            "features_sha256": rows[0]["features_sha256"],
            "disputes": self.disputes.get(enterprise, []),
            "undisputed": self._without(enterprise),
            "evidence": self.evidence.get(enterprise),
            "confirmed": self._of_others(enterprise, order["reader"]),
            "records": self._against(order, enterprise),
            "fuller": self.fuller.get(enterprise),
        }
        return Response(orjson.dumps(body), content_type="application/json")

    def _continue(self, order: dict[str, Any], opens: Callable[[str], bool]) -> Response:
        """Answer two plans: all goes on as it is; sales months and margin rise month by month."""
        firm = order["enterprise"]
        if not opens(firm):
            return problem(403, "consent-required")
        values = self.book.filter(pl.col("enterprise") == firm).to_dicts()[0]
        second = self._of_others(firm, order["reader"]) or {"values": {}}
        values |= second["values"] if order["confirmed"] else {}
        points = [
            {"plan": plan, "month": month, "day": f"2020-{month + 1:02}-21"} for plan in (0, 1) for month in MONTHS
        ]
        moved = [{**values, **_moved(values, each["plan"] * each["month"])} for each in points]
        trade = {"sales": 100, "buyers": 2, "purchases": 50, "suppliers": 1}
        body = {
            "enterprise": firm,
            "pace": {"per_month": 0.02, "basis": "own", "comparisons": 12, "quantile": 0.75},
            "plans": [{"step": "carry-on", "share": 0.0}, {"step": "every-month", "share": 1.0}],
            "points": points,
            "values": [[each[name] for name in order["features"]] for each in moved],
            "trade": [{"plan": each["plan"], "month": each["month"], **trade} for each in points if each["month"]],
            "since": {"sale": "2019-05-02", "purchase": None},
        }
        return Response(orjson.dumps(body), content_type="application/json")

    def _without(self, enterprise: str) -> dict[str, Any] | None:
        values = self.undisputed.get(enterprise)
        if values is None:
            return None
        confirmed = self.undisputed_confirmed.get(enterprise)
        return {"depth": "B", "values": values, "features_sha256": "f" * 64, "confirmed": confirmed}

    def _of_others(self, enterprise: str, reader: str = "bank") -> dict[str, Any] | None:
        values = self.confirmed.get(enterprise)
        if reader == "enterprise" and enterprise in self.confirmed_to_itself:
            values = self.confirmed_to_itself[enterprise]
        if values is None:
            return None
        named = sha256(orjson.dumps(values)).hexdigest() if enterprise in self.confirmed_to_itself else "c" * 64
        fuller = {"fuller": self.fuller.get(f"{enterprise} confirmed")}
        return {"depth": "C", "values": values, "features_sha256": named, **fuller}

    def state_alone(self, enterprise: str, values: dict[str, float | None]) -> None:
        """Let a firm's money be its own word but for a fifth, and its features without it be these."""
        self.evidence[enterprise] = {
            "total_fen": 1_000_000_000,
            "by_channel": {"subject": 800_000_000, "government": 200_000_000},
            "confirmed_fen": 200_000_000,
            "unconfirmed_fen": 800_000_000,
            "confirmed_by": {"other_source": 0, "other_side": 0, "bank": 50_000_000, "filing": 150_000_000},
        }
        self.confirmed[enterprise] = values

    def suppose(self, enterprise: str, values: dict[str, float | None], **said: Any) -> None:
        """Let a firm show a year of sales and half a year of purchases, and its fuller file have these values."""
        told = {"shown": {"sale": 12, "purchase": 6}, "window": 36, "registered_on": None}
        self.fuller[enterprise] = {**told, "depth": "A", "values": values, "features_sha256": "d" * 64, **said}

    def _asked_of(self, order: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of the features, and of the figures of the blocks, that an order asks for."""
        return self.names + (TIES if order.get("blocks") else ())

    def _table(self, order: dict[str, Any], opens: Callable[[str], bool]) -> Response:
        frame, wanted = self.book if order["outcomes"] else self.book.drop("defaulted"), order["enterprises"]
        frame = frame if order.get("blocks") else frame.drop(TIES, strict=False)
        frame = frame.filter([opens(name) and (wanted is None or name in wanted) for name in frame["enterprise"]])
        if wanted and frame.is_empty():
            return problem(403, "consent-required")
        told = {"disputes": self.disputes.get, "evidence": self.evidence.get}
        told["confirmed"] = partial(self._of_others, reader=order["reader"])
        told["records"] = partial(self._against, order)
        body = io.BytesIO()
        columns = [_written(name, map(ask, frame["enterprise"])) for name, ask in told.items()]
        if order["what"] == "new-score":
            form = pl.Struct({**FULLER, "values": pl.Struct(dict.fromkeys(self._asked_of(order), pl.Float64))})
            columns.append(pl.Series("fuller", [self.fuller.get(name) for name in frame["enterprise"]], dtype=form))
        frame.with_columns(columns).write_parquet(body)
        headers = {
            "As-Of": order.get("as_of", BOOK_DATE),
            "Known-At": "2026-01-01T00:00:00Z",
            "Catalogue": "test-1",
            "Withheld": str(len(wanted or frame) - len(frame)),
        }
        return Response(body.getvalue(), content_type="application/vnd.apache.parquet", headers=headers)


MONTHS = range(11)


def _moved(values: dict[str, Any], much: int) -> dict[str, float | None]:
    months, margin = values["sales_active_months"], values["margin"]
    return {"sales_active_months": months and min(months + much, 36.0), "margin": margin and margin + much / 50}


def _written(name: str, said: Iterable[Any]) -> pl.Series:
    texts = [None if each is None else orjson.dumps(each).decode() for each in said]
    return pl.Series(name, texts, dtype=pl.String)


def _role(request: Request) -> str:
    """Return the role in a token: a firm's own file is never withheld from it."""
    _, dot, rest = request.headers["Authorization"].partition(".")
    return str(orjson.loads(urlsafe_b64decode(rest.split(".")[0] + "=="))["role"]) if dot else "bank"


def problem(status: int, slug: str) -> Response:
    """Return a problem document as a service gives it."""
    body = {"type": f"/problems/{slug}", "title": slug, "title_zh": slug, "status": status, "detail": f"{slug}!"}
    return Response(orjson.dumps(body), status, content_type="application/problem+json")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of one really trained model, version `mdl_test`."""
    from services.scoring.ml.train import train  # noqa: PLC0415 -- seconds to import, only tests that score need it

    folder = tmp_path_factory.mktemp("models") / "mdl_test"
    frame = book().filter(pl.col("defaulted").is_not_null())
    with few_forests():
        train(frame, CATALOGUE, version="mdl_test", seed=1, into=folder)
    return folder


@contextmanager
def few_forests() -> Iterator[None]:
    """Try and average few forests while it lasts: four and not 24, for claims that no number of forests can change."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "BOOK", replace(plan.BOOK, repeats=2, stretched=4, tried=2))
        yield


@pytest.fixture(scope="module")
def quick_training() -> Iterator[None]:
    """Train with few forests, throughout a module."""
    with few_forests():
        yield


@pytest.fixture
def profile() -> Iterator[ProfileServer]:
    """Return a profile service on a port of its own."""
    application = ProfileServer(book())
    server = make_server("127.0.0.1", 0, application, threaded=True)
    application.url = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield application
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def tables_of() -> str:
    """Return the service that fresh databases are of."""
    return PACKAGE


@pytest.fixture
def scoring_url(sqlite_url: str) -> str:
    """Return the scoring database; the rooms that store override this with one of each kind."""
    return sqlite_url


@pytest.fixture
def app(home: Path, scoring_url: str, profile: ProfileServer, verifier: Verifier) -> Iterator[Flask]:
    """Return the scoring application on a migrated database, without a model."""
    settings = Settings(home, scoring_url, profile.url, "http://127.0.0.1:9", "http://127.0.0.1:9/jwks", "smc_x_y")
    app = create_app(settings, verifier=verifier)
    yield app
    app.extensions["database"].dispose()


@pytest.fixture
def serving(app: Flask, trained: Path, home: Path, add_model: Callable[..., None]) -> Flask:
    """Return the application with the trained model serving."""
    shutil.copytree(trained, home / "models" / "mdl_test")
    add_model("mdl_test", "serving")
    return app


@pytest.fixture
def headers(tokens: Callable[..., dict[str, str]]) -> dict[str, str]:
    """Return a bank's headers for a credit assessment."""
    return {**tokens(scopes=BANK_SCOPES), "Purpose": "credit-assessment"}


@pytest.fixture
def work(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that does all waiting jobs, as the worker would."""
    # The gateway that would issue this header has its own tests; the profile server here takes any.
    monkeypatch.setattr(ServiceIdentity, "token", lambda _self, client: f"for-{client}")
    context: Context = app.extensions["context"]
    worker = Worker(context.database, handlers(context), KINDS)

    def run() -> None:
        while worker.run_once():
            pass

    return run


@pytest.fixture
def send(app: Flask, headers: dict[str, str]) -> Callable[..., Any]:
    """Return a function that posts JSON as the bank, under a new key or the one given."""
    client = app.test_client()

    def post(path: str, body: Any, *, key: str | None = None, expecting: str | None = None, **kwargs: Any) -> Any:
        sent = {**headers, "Idempotency-Key": key or str(uuid4()), **({"If-Match": expecting} if expecting else {})}
        return client.post(path, json=body, headers=sent, **kwargs)

    return post


@pytest.fixture
def approve(app: Flask, tokens: Callable[..., dict[str, str]]) -> Callable[..., Any]:
    """Return a function that approves a model as the operator, or as another client."""
    client = app.test_client()

    def post(version: str, who: str = "operator-1", note: str | None = None, exception: str | None = None) -> Any:
        headers = {**tokens(client=who, role="operator", scopes="models:approve"), "Idempotency-Key": str(uuid4())}
        said = {"note": note, "exception": exception}
        return client.post(f"/v1/models/{version}/approve", json=said, headers=headers)

    return post


@pytest.fixture
def read(app: Flask, headers: dict[str, str]) -> Callable[[str], Any]:
    """Return a function that reads as the bank."""
    client = app.test_client()
    return lambda path: client.get(path, headers=headers)


@pytest.fixture
def add_model(app: Flask) -> Callable[..., None]:
    """Return a function that registers a model without training it, as one that passed its gate or did not."""

    def add(version: str, state: str, *, passed: bool = True) -> None:
        with app.extensions["database"].begin() as session:
            row = Model(version=version, state=state, client="bank-1", promote=False, seed=1, created_at=NOW)
            row.card = {"gate": {"passed": passed}}
            row.job = jobs.enqueue(session, jobs.Kind("none", "none"), {})
            row.approved_at = None if state == "candidate" else NOW
            row.promoted_at = NOW if state in {"serving", "retired"} else None
            session.add(row)

    return add


@pytest.fixture
def model_row(add_model: Callable[..., None]) -> str:
    """Return the version of a registered model."""
    add_model("mdl_row", "candidate")
    return "mdl_row"


@pytest.fixture
def batch_row(app: Flask, model_row: str) -> str:
    """Return the id of an ordered batch."""
    with app.extensions["database"].begin() as session:
        job = jobs.enqueue(session, jobs.Kind("none", "none"), {})
        session.add(
            Batch(id="bat_row", client="bank-1", purpose="p", job=job, model=model_row, known_at=NOW, created_at=NOW)
        )
    return "bat_row"
