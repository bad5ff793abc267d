"""A firm that speaks for itself and a partner: what the firm reads is the same whatever the partner's file holds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any
from uuid import uuid4

import orjson
import pytest
from flask import Flask

from chassis.data.database import Database
from chassis.data.ledger import store

FIRM = "local:E1"
SAID = {"sales_active_months": 36.0, "margin": 0.4, "red_letter_rate": 0.0}
HELD = {"sales_active_months": 8.0, "margin": 0.05, "red_letter_rate": 0.2}
NOTHING = dict.fromkeys(SAID)
# Of the firm's word a partner's file may bear out any part between what others bear out and all of it.
PARTS = [dict(zip(SAID, each, strict=True)) for each in product(*zip(HELD.values(), SAID.values(), strict=True))]
# Ids, and what is of the moment.
OF_ITSELF = {"id", "score_id", "receipt", "created_at", "known_at"}


@pytest.fixture
def spoken(profile: Any, serving: Flask) -> Any:
    """Let a firm's own word be all but what is held by others, and let it read itself so."""
    profile.change(FIRM, SAID)
    profile.state_alone(FIRM, HELD)
    profile.confirmed_to_itself[FIRM] = HELD
    return profile


@pytest.fixture
def itself(serving: Flask, tokens: Any) -> Callable[..., Any]:
    """Return a function that asks as the firm itself."""
    scopes = "scores:read ledger:read"
    sent = tokens(role="enterprise", client="firm", enterprise=FIRM, scopes=scopes)

    def ask(path: str, body: Any = None) -> Any:
        client = serving.test_client()
        answer = client.get(path, headers=sent) if body is None else client.post(path, json=body, headers=sent)
        assert answer.status_code == 200, answer.json
        return answer.json

    return ask


def view(itself: Callable[..., Any], score_id: str) -> dict[str, Any]:
    """Return all that a firm reads of one of its scores, but for ids and moments."""
    place = f"/v1/scores/{score_id}"
    receipt = itself(f"{place}/receipt")["receipt"]
    return {
        "alone": _same(itself(place)),
        "listed": _same(itself(f"/v1/enterprises/{FIRM}/scores")["items"][0]),
        "receipt": _same(receipt),
        "way up": {**itself(f"{place}/recourse", {"target": {"grade": "BBB"}}), "score": None},
        "proof": [sorted(itself(f"{place}/ledger-proof")), itself(f"{place}/ledger-proof")["scores"]],
    }


def _same(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in answer.items() if name not in OF_ITSELF}


@pytest.mark.parametrize("counts", ["confirmed", "everything"])
def test_a_firm_reads_the_same_whatever_its_partner_holds(
    spoken: Any, itself: Callable[..., Any], send: Any, counts: str
) -> None:
    """Score, list, receipt, way up and proof: all of them are of its own file."""
    views = []
    for confirmed in PARTS:
        spoken.confirmed[FIRM] = confirmed
        made = send("/v1/scores", {"enterprise": FIRM, "counts": counts}).json
        views.append(view(itself, made["id"]))
    for each in views[1:]:
        assert each == views[0]


def test_before_this_the_score_itself_told_it(spoken: Any, send: Any, itself: Callable[..., Any]) -> None:
    """The bank's score moves with the partner's file, and so would what the firm read of it."""
    alone = send("/v1/scores", {"enterprise": FIRM}).json
    spoken.confirmed[FIRM] = SAID | {"margin": 0.3}
    borne_out = send("/v1/scores", {"enterprise": FIRM}).json
    assert borne_out["score"] > alone["score"]
    told = itself(f"/v1/scores/{borne_out['id']}")
    assert (told["score"], told["contributions"]) == (alone["score"], alone["contributions"])
    assert told["counted"]["en"].endswith("the invoices of the other side.")


def test_an_order_of_which_only_a_partner_confirms_anything_is_told_by_everything(
    spoken: Any, send: Any, itself: Callable[..., Any]
) -> None:
    """That a score was given is in the ledger; its figures are of the firm's own file all the same."""
    spoken.confirmed_to_itself[FIRM] = NOTHING
    views = []
    for confirmed in (HELD, SAID | {"margin": 0.3}):
        spoken.confirmed[FIRM] = confirmed
        views.append(view(itself, send("/v1/scores", {"enterprise": FIRM}).json["id"]))
    assert views[0] == views[1]
    assert "nothing to score without it" in views[0]["alone"]["counted"]["en"]
    assert views[0]["alone"]["with_confirmed"]["score"] is None


def test_a_score_of_a_batch_is_told_as_any_other(
    spoken: Any, send: Any, work: Callable[[], None], itself: Callable[..., Any]
) -> None:
    """Its receipt is made again bit for bit, and its proof holds no figure."""
    views = []
    for confirmed in (HELD, SAID | {"margin": 0.3}):
        spoken.confirmed[FIRM] = confirmed
        send("/v1/score-batches", {"enterprises": [FIRM]}, key=str(uuid4()))
        work()
        (made, *_) = itself(f"/v1/enterprises/{FIRM}/scores")["items"]
        views.append(view(itself, made["id"]))
        for told in (views[-1]["alone"], views[-1]["listed"]):
            del told["batch"]
        verified = itself("/v1/receipt-verifications", itself(f"/v1/scores/{made['id']}/receipt"))
        assert (verified["valid"], verified["differences"]) == (True, [])
        assert itself(f"/v1/scores/{made['id']}/ledger-proof")["scores"] == []
    assert views[0] == views[1]


def test_its_receipt_says_that_it_is_of_its_own_file(spoken: Any, send: Any, read: Any, itself: Any) -> None:
    """The bank's does not, and either is verified by whom it was given to."""
    made = send("/v1/scores", {"enterprise": FIRM}).json
    spoken.confirmed[FIRM] = SAID
    place = f"/v1/scores/{made['id']}/receipt"
    own, banks = itself(place), read(place).json
    assert (own["receipt"]["view"], "view" in banks["receipt"]) == ("own-file", False)
    assert itself("/v1/receipt-verifications", own)["valid"]
    assert send("/v1/receipt-verifications", banks).json["valid"]


def test_the_seal_of_the_ledger_cannot_be_tried_out(spoken: Any, send: Any, app: Flask) -> None:
    """The same score twice has two digests of its trace, and the digest of features is that of the whole file."""
    for _ in range(2):
        send("/v1/scores", {"enterprise": FIRM})
    database: Database = app.extensions["database"]
    with database.read() as session:
        traces = [bytes(row.trace) for row in _rows(session)]
        entries = [orjson.loads(each.leaf)["facts"] for each in store.entries_of(session, [FIRM], None, 2)]
    assert len(set(traces)) == 2
    assert len({each["trace_sha256"] for each in entries}) == 2


def _rows(session: Any) -> Any:
    from sqlalchemy import select  # noqa: PLC0415 -- one test asks for rows

    from services.scoring.tables import Score  # noqa: PLC0415

    return session.scalars(select(Score)).all()
