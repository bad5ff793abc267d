"""Neighbours for matching: one real HTTP server that answers as the contracts of profile, scoring and gateway say."""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from bank_products import a_product
from flask import Flask
from flask.testing import FlaskClient

from chassis.core.identity import Verifier
from services.matching.app import create_app
from services.matching.context import Context
from services.matching.settings import PACKAGE, Settings

FEATURES = ("sales_12m", "sales_active_months_12m", "sales_red_ratio_36m", "history_months")
CODES = {"industry": ["C", "C13", "C14", "F", "F51"], "region": ["330000", "330100", "330106", "110000", "110105"]}
KNOWN_AT = "2020-03-01T08:00:00+00:00"
Reply = tuple[int, dict[str, str], bytes]


def book() -> pl.DataFrame:
    """Return three firms: one that does well, one thin, one of which little is known."""
    return pl.DataFrame(
        {
            "enterprise": ["local:E1", "local:E2", "local:E3"],
            "depth": ["A", "D", "E"],
            "features_sha256": ["a1", "b2", "c3"],
            "industry": ["C13", "F51", None],
            "region": ["330106", "110105", None],
            "size_class": ["small", "micro", None],
            "sales_12m": [900_000_000.0, 100_000_000.0, None],
            "sales_active_months_12m": [12.0, 5.0, None],
            "sales_red_ratio_36m": [0.02, 0.3, None],
            "history_months": [40.0, 8.0, 1.0],
        }
    )


def scores() -> pl.DataFrame:
    """Return the scores of the two firms that have enough data."""
    return pl.DataFrame(
        {
            "enterprise": ["local:E1", "local:E2"],
            "score": [668, 540],
            "grade": ["A", "B"],
            "pd": [0.006, 0.05],
            "pd_low": [0.003, 0.03],
            "pd_high": [0.01, 0.09],
        }
    )


@dataclass
class Neighbours:
    """What the other services hold, and what they were asked."""

    url: str = ""
    features: pl.DataFrame = field(default_factory=book)
    scores: pl.DataFrame = field(default_factory=scores)
    serving: bool = True
    # What counts for whoever asks where neither its order nor its product says.
    counting: str = "confirmed"
    withheld: set[str] = field(default_factory=set)
    # What no firm lets a platform do for it.
    not_mandated: set[str] = field(default_factory=set)
    disputes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    # What firms state alone: their facts without it, their scores with it, and what is said of it.
    confirmed: dict[str, dict[str, float | None]] = field(default_factory=dict)
    confirmed_to_itself: dict[str, dict[str, float | None]] = field(default_factory=dict)
    reader: str = "bank"
    with_everything: dict[str, dict[str, Any]] = field(default_factory=dict)
    # The expert rules that firms meet.
    overlay: dict[str, dict[str, Any]] = field(default_factory=dict)
    notices: list[dict[str, str]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)

    def reads(self) -> list[tuple[str, Any]]:
        """Return where files were asked for, and for what where that is said."""
        places = ("/v1/feature-tables", "/v1/score-sets", "/v1/rereads")
        return [(path, body.get("what")) for path, _, body in self.asked if path in places]

    def answer(self, path: str, headers: dict[str, str], body: Any) -> Reply:
        """Answer one call as the contract says."""
        self.asked.append((path, headers, body))
        self.reader = role_of(headers)
        path, _, query = path.partition("?")
        if path == "/v1/notices-since":
            return self.notices_since(query)
        return {
            "/v1/catalogue": self.catalogue,
            "/v1/feature-tables": self.feature_set,
            "/v1/score-sets": self.score_set,
            "/v1/rereads": self.rereads,
            "/v1/counting-policy": self.counting_policy,
            "/oauth/token": self.token,
            "/v1/outcomes": self.outcome,
        }[path](body)

    def catalogue(self, _: Any) -> Reply:
        told = {"version": "c1", "features": [{"name": name} for name in FEATURES], "codes": CODES}
        return 200, {}, json.dumps(told).encode()

    def feature_set(self, order: Any) -> Reply:
        assert order["what"] == "match"
        return self.table(order)

    def second(self, enterprise: str) -> dict[str, Any] | None:
        """Return what is confirmed of a firm, as profile tells it."""
        said = self.confirmed_to_itself if self.reader == "enterprise" else self.confirmed
        values = said.get(enterprise, self.confirmed.get(enterprise))
        return None if values is None else {"depth": "C", "features_sha256": "cc", "values": values}

    def score_set(self, order: Any) -> Reply:
        """Answer with features and scores in one table: scoring reads the files, profile is not asked besides."""
        assert order["features"] is True
        if not self.serving:
            return problem(409, "no-serving-model", "Train a model first.")
        status, headers, body = self.table(order)
        if status != 200:
            return status, headers, body
        scored = pl.read_parquet(BytesIO(body)).join(self.scores, on="enterprise", how="left", maintain_order="left")
        scored, counts = self.with_both(scored), order.get("counts", self.counting)
        if counts == "everything":
            scored = scored.with_columns(pl.col(f"everything_{name}").alias(name) for name in ("score", "grade", "pd"))
        told = {"Model-Version": "m1", "Reference": "r1", "Counts": counts}
        return status, {**headers, **told}, parquet(scored)

    def counting_policy(self, _: Any) -> Reply:
        return 200, {}, json.dumps({"counts": self.counting}).encode()

    def table(self, order: Any) -> Reply:
        """Answer with the features of those that may be read, and what they dispute."""
        frame = _listed(self.features, order["enterprises"])
        rows = frame.filter(~pl.col("enterprise").is_in(list(self.withheld)))
        if frame.height and not rows.height:
            return problem(403, "consent-required", "No live consent.")
        marks = [json.dumps(self.disputes[name]) if name in self.disputes else None for name in rows["enterprise"]]
        second = [self.second(name) for name in rows["enterprise"]]
        evidence = [None if each is None else {"total_fen": 10, "unconfirmed_fen": 8} for each in second]
        rows = rows.with_columns(
            told("evidence", evidence), told("confirmed", second), disputes=pl.Series(marks, dtype=pl.String)
        )
        headers = {"As-Of": order.get("as_of", "2020-02-21"), "Known-At": order.get("known_at", KNOWN_AT)}
        return 200, {**headers, "Catalogue": "c1", "Withheld": str(frame.height - rows.height)}, parquet(rows)

    def with_both(self, scored: pl.DataFrame) -> pl.DataFrame:
        """Add the scores with everything beside those that decide, as scoring does."""
        columns = ("score", "grade", "pd", "pd_low", "pd_high")
        rows = scored.select("enterprise", *columns).to_dicts()
        whole = [{**row, **self.with_everything.get(row["enterprise"], {})} for row in rows]
        schema = {name: scored.schema[name] for name in columns}
        both = [pl.Series(f"everything_{name}", [row[name] for row in whole], dtype=of) for name, of in schema.items()]
        said = {name: {"zh": f"未计入 {name}", "en": f"not counted {name}"} for name in self.confirmed}
        ruled = told("overlay", map(self.overlay.get, scored["enterprise"]))
        return scored.with_columns(*both, told("counted", map(said.get, scored["enterprise"])), ruled)

    def rereads(self, order: Any) -> Reply:
        """Answer with the disputes of those that may be spoken of again; the others are left out."""
        assert order["what"] in ("stored-match", "application", "acceptance")
        if order["what"] in self.not_mandated:
            return 200, {}, b"{}"
        known = set(self.features["enterprise"]) - self.withheld
        found = {name: self.disputes.get(name, []) for name in order["enterprises"] if name in known}
        return 200, {}, json.dumps(found).encode()

    def notices_since(self, query: str) -> Reply:
        last = self.notices[-1]["id"] if self.notices else None
        after = query.partition("=")[2]
        items = [each for each in self.notices if each["id"] > after] if query else []
        return 200, {}, json.dumps({"items": items, "last": last}).encode()

    def outcome(self, reported: Any) -> Reply:
        return 201, {}, json.dumps({"id": "out_1", **reported}).encode()

    def token(self, _: Any) -> Reply:
        return 200, {}, json.dumps({"access_token": "acting", "token_type": "Bearer", "expires_in": 300}).encode()


def role_of(headers: dict[str, str]) -> str:
    """Return the role in a token: a firm is told nothing of what partners' files confirm of it."""
    _, dot, rest = headers.get("Authorization", "").partition(".")
    return str(json.loads(urlsafe_b64decode(rest.split(".")[0] + "=="))["role"]) if dot else "bank"


def told(name: str, said: Iterable[Any]) -> pl.Series:
    return pl.Series(name, [None if each is None else json.dumps(each) for each in said], dtype=pl.String)


def _listed(frame: pl.DataFrame, enterprises: list[str] | None) -> pl.DataFrame:
    return frame if enterprises is None else frame.filter(pl.col("enterprise").is_in(enterprises))


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def problem(status: int, slug: str, detail: str) -> Reply:
    body = {"type": f"/problems/{slug}", "title": slug, "title_zh": slug, "status": status, "detail": detail}
    return status, {"Content-Type": "application/problem+json"}, json.dumps(body).encode()


@pytest.fixture
def neighbours() -> Iterator[Neighbours]:
    """Return the other services, listening."""
    held = Neighbours()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if raw.startswith(b"{") else raw
            status, headers, payload = held.answer(self.path, dict(self.headers), body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(payload))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = handle_any  # noqa: N815 -- the library's names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    held.url = f"http://127.0.0.1:{server.server_port}"
    yield held
    server.shutdown()
    server.server_close()


@pytest.fixture
def tables_of() -> str:
    """Return the service that fresh databases are of."""
    return PACKAGE


@pytest.fixture
def app(neighbours: Neighbours, database_url: str, verifier: Verifier, tmp_path: Path) -> Iterator[Flask]:
    """Return the matching service on a fresh database of each kind, beside its neighbours."""
    settings = Settings(
        tmp_path, database_url, neighbours.url, neighbours.url, neighbours.url, "", client_key="smc_key"
    )
    app = create_app(settings, verifier=verifier)
    yield app
    app.extensions["database"].dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a client of the service."""
    return app.test_client()


@pytest.fixture
def here(app: Flask) -> Context:
    """Return the service's collaborators."""
    held: Context = app.extensions["context"]
    return held


SCOPES = "products:write products:read matches:write matches:read"


@pytest.fixture
def bank(tokens: Callable[..., dict[str, str]]) -> dict[str, str]:
    """Return the headers of a bank's write."""
    return {**tokens(role="bank", client="bank-1", scopes=SCOPES), "Idempotency-Key": "k1"}


@pytest.fixture
def product() -> dict[str, Any]:
    """Return a product as a bank writes it."""
    return a_product()
