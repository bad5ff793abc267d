"""The commands of applications, against a suite that answers as the contract says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from smecredit.cli import applying
from tests.answering import answering

APPLICATION: dict[str, Any] = {
    "id": "app_1",
    "dossier": "dos_1",
    "enterprise": "local:E1",
    "applicant": "platform-demo",
    "bank": "bank-demo",
    "product": "starter-credit",
    "state": "offered",
    "need": {"amount_fen": 50_000_000, "months": 12},
    "terms": {"amount_fen": 40_000_000, "months": 12, "rate": 0.0435},
    "offer": 2,
    "moves": ["accept", "withdraw"],
}
EVENT = {"number": 1, "event": "submit", "state": "submitted", "client": "platform-demo", "party": "applicant"}
OFFER = {
    "number": 2,
    "state": "open",
    "document": {"amount_fen": 40_000_000, "months": 12, "rate": "0.0435"},
    "sha256": "ab" * 32,
    "expires_on": "2026-12-15",
}
HISTORY = {**APPLICATION, "events": [{**EVENT, "at": "2026-12-01T08:00:00Z", "reason": None}], "offers": [OFFER]}
ASKED: list[tuple[list[str], str, str, Any]] = [
    (
        ["apply", "local:E1", "starter-credit", "--amount", "50万", "--months", "12", "--match", "mat_1"],
        "POST",
        "/v1/applications",
        {
            "enterprise": "local:E1",
            "products": ["starter-credit"],
            "need": {"amount_fen": 50_000_000, "months": 12},
            "documents": [],
            "draft": False,
            "match": "mat_1",
        },
    ),
    (
        ["applications", "--state", "offered", "--product", "p", "--enterprise", "local:E1", "--since", "2026-12-01"],
        "GET",
        "/v1/applications?limit=100&state=offered&product=p&enterprise=local%3AE1&since=2026-12-01",
        None,
    ),
    (["application", "app_1"], "GET", "/v1/applications/app_1", None),
    (
        ["offer", "app_1", "--amount", "40万", "--months", "12", "--rate", "0.0435", "--expires-on", "2026-12-15"],
        "POST",
        "/v1/applications/app_1/offer",
        {"terms": {"amount_fen": 40_000_000, "months": 12, "rate": 0.0435}, "expires_on": "2026-12-15"},
    ),
    (["accept", "app_1", "2"], "POST", "/v1/applications/app_1/accept", {"offer": 2}),
    (["move", "app_1", "decline", "--reason", "no"], "POST", "/v1/applications/app_1/decline", {"reason": "no"}),
    (["disburse", "app_1", "--drawn", "40万"], "POST", "/v1/applications/app_1/disburse", {"drawn_fen": 40_000_000}),
]


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str, Any]]]:
    """A suite that has one application; yields what it was asked."""
    asked: list[tuple[str, str, Any]] = []

    def answer(method: str, path: str, body: bytes | None) -> Any:
        asked.append((method, path, json.loads(body) if body else None))
        if method == "POST" and path == "/v1/applications":
            return {"dossier": "dos_1", "applications": [{**APPLICATION, "existing": False}]}
        if path.startswith("/v1/applications?"):
            return {"items": [APPLICATION], "next": None}
        return HISTORY if method == "GET" else APPLICATION

    with answering(monkeypatch, answer):
        yield asked


@pytest.mark.parametrize(("words", "method", "path", "body"), ASKED, ids=[case[0][0] for case in ASKED])
def test_a_command_asks_its_route_and_shows_the_application(
    suite: list[tuple[str, str, Any]], words: list[str], method: str, path: str, body: Any
) -> None:
    """What was said goes on as the wire carries it; the table names the application and the moves that are open."""
    done = CliRunner().invoke(getattr(applying, f"{words[0]}_command"), words[1:])
    assert done.exit_code == 0, done.output
    assert suite == [(method, path, body)]
    assert {"app_1", "¥500,000", "4.35%", "withdraw"} <= set(done.output.split())


def test_an_application_shows_its_moves_and_offers(suite: list[tuple[str, str, Any]]) -> None:
    """Who moved it, and the digest that each party can recompute."""
    done = CliRunner().invoke(applying.application_command, ["app_1"])
    assert "platform-demo (applicant)" in done.output
    assert "abababababab" in done.output


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("apply", ["local:E1", "p", "--amount", "0", "--months", "12"]),
        ("applications", ["--state", "bogus"]),
        ("offer", ["app_1", "--amount", "1", "--months", "12", "--rate", "4.35"]),
        ("accept", ["app_1", "0"]),
        ("move", ["app_1", "accept"]),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
    suite: list[tuple[str, str, Any]], command: str, words: list[str]
) -> None:
    """With the exit code of wrong use."""
    assert CliRunner().invoke(getattr(applying, f"{command}_command"), words).exit_code == 2
    assert suite == []
