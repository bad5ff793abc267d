"""A file that shows less than 36 months: beside its score stands the one it would have, and the interval holds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import polars as pl
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from chassis.data.ledger import checkpoint
from services.scoring.context import LEDGER
from services.scoring.store import batch_file
from services.scoring.tables import BatchPart, Score
from smecredit.ledger import bundle

FIRM = "local:E1"
NOW = {"sales_active_months": 12.0, "margin": 0.05, "red_letter_rate": 0.1}
THEN = {"sales_active_months": 36.0, "margin": 0.2, "red_letter_rate": 0.1}
WORSE = {"sales_active_months": 2.0, "margin": -0.4, "red_letter_rate": 0.5}
several = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
number = st.floats(0, 36, allow_nan=False)

Send = Callable[..., Any]
Read = Callable[[str], Any]


@pytest.fixture
def short(serving: Flask, profile: Any) -> Any:
    """One firm shows a part of its months; the others show all."""
    profile.change(FIRM, NOW)
    profile.suppose(FIRM, THEN)
    return profile


@pytest.fixture
def lines(send: Send, read: Read, work: Callable[[], None]) -> Callable[..., dict[str, Any]]:
    def order(**said: Any) -> dict[str, Any]:
        made = send("/v1/score-batches", {"enterprises": [FIRM, "local:E2"], **said}).json
        work()
        found = map(orjson.loads, read(f"/v1/score-batches/{made['id']}/results").data.splitlines())
        return {line["enterprise"]: line for line in found}

    return order


def of(answer: dict[str, Any]) -> tuple[float, float, float]:
    low, high = answer["pd_interval"]
    return low, answer["fuller"]["pd"], high


@several
@given(now=st.tuples(number, number, number), then=st.tuples(number, number, number))
def test_the_interval_holds_the_pd_if_shown(short: Any, send: Send, now: Any, then: Any) -> None:
    """Whatever the model says of either; score, grade and PD are those of a file of which nothing is supposed."""
    short.change(FIRM, dict(zip(NOW, now, strict=True)))
    short.suppose(FIRM, dict(zip(NOW, then, strict=True)))
    found = send("/v1/scores", {"enterprise": FIRM}).json
    short.fuller.clear()
    plain = send("/v1/scores", {"enterprise": FIRM}).json

    low, supposed, high = of(found)
    assert low <= supposed <= high
    assert low <= plain["pd_interval"][0] <= found["pd"] <= plain["pd_interval"][1] <= high
    for name in ("score", "grade", "pd", "contributions", "model", "reasons"):
        assert found[name] == plain[name]
    assert plain["fuller"] is None


def test_the_answer_names_what_showing_more_would_add(short: Any, send: Send) -> None:
    found = send("/v1/scores", {"enterprise": FIRM}).json
    fuller = found["fuller"]
    assert fuller["shown"] == {"sale": 12, "purchase": 6}
    assert (fuller["months"], fuller["registered_on"]) == (36, None)
    assert fuller["difference"] == fuller["score"] - found["score"] > 0
    assert f"the score would stand at {fuller['score']}" in fuller["sentence"]["en"]
    short.change("local:E2", THEN)
    assert send("/v1/scores", {"enterprise": "local:E2"}).json["score"] == fuller["score"]


def test_the_upper_end_holds_it_too(short: Any, send: Send) -> None:
    """Red letters among what is repeated may weigh more than the sales."""
    short.change(FIRM, THEN)
    short.suppose(FIRM, WORSE)
    found = send("/v1/scores", {"enterprise": FIRM}).json
    assert found["pd_interval"][1] == found["fuller"]["pd"] > found["model"]["pd_interval"][1]


def test_where_nothing_is_supposed_the_figures_are_the_score_s_own(short: Any, profile: Any, send: Send) -> None:
    """A young firm that shows all of its months: its fuller file is its file."""
    own = profile.book.filter(enterprise=FIRM)["features_sha256"].item()
    said = {"shown": {"sale": 12, "purchase": 12}, "window": 12, "registered_on": "2019-02-22", "depth": "B"}
    profile.suppose(FIRM, NOW, features_sha256=own, **said)
    found = send("/v1/scores", {"enterprise": FIRM}).json
    fuller = found["fuller"]
    assert (fuller["score"], fuller["pd"], fuller["difference"]) == (found["score"], found["pd"], 0)
    assert found["pd_interval"] == found["model"]["pd_interval"]
    assert "nothing more to show" in fuller["sentence"]["en"]


def test_it_is_read_again_and_proved_by_the_receipt(short: Any, send: Send, read: Read, serving: Flask) -> None:
    """A receipt states it and repeats it from the stored values; what is changed in the store is noticed."""
    found = send("/v1/scores", {"enterprise": FIRM}).json
    assert read(f"/v1/scores/{found['id']}").json["fuller"] == found["fuller"]
    assert read(f"/v1/enterprises/{FIRM}/scores").json["items"][0]["fuller"] == found["fuller"]
    receipt = read(found["receipt"]).json
    assert receipt["receipt"]["fuller"]["score"] == found["fuller"]["score"]
    assert receipt["receipt"]["pd_interval"] == found["model"]["pd_interval"]
    assert send("/v1/receipt-verifications", receipt).json["valid"]
    with serving.extensions["database"].begin() as session:
        trace = orjson.loads(session.get(Score, found["id"]).trace)
        trace["fuller"]["values"][0] = 1.0
        session.execute(update(Score).values(trace=orjson.dumps(trace)))
    verdict = send("/v1/receipt-verifications", receipt).json
    assert [each["field"] for each in verdict["differences"]] == ["fuller"]


def test_a_score_of_before_tells_of_none(short: Any, send: Send, read: Read, serving: Flask) -> None:
    """Its interval is what it was, and so is its receipt."""
    found = send("/v1/scores", {"enterprise": FIRM}).json
    with serving.extensions["database"].begin() as session:
        trace = orjson.loads(session.get(Score, found["id"]).trace)
        trace.pop("fuller")
        session.execute(update(Score).values(trace=orjson.dumps(trace)))
    again = read(f"/v1/scores/{found['id']}").json
    assert again["fuller"] is None
    assert again["pd_interval"] == found["model"]["pd_interval"]
    receipt = read(found["receipt"]).json
    assert "fuller" not in receipt["receipt"]
    assert send("/v1/receipt-verifications", receipt).json["valid"]


def test_an_expert_rule_caps_it_as_it_caps_the_score(short: Any, send: Send) -> None:
    """The interval still holds it; the points are the model's, as those of the score are."""
    record = {"id": "rec_1", "type": "insolvency", "tier": None, "grade": None, "on": "2019-05-10", "until": None}
    free = send("/v1/scores", {"enterprise": FIRM}).json
    short.records[FIRM] = [record]
    found = send("/v1/scores", {"enterprise": FIRM}).json
    assert found["fuller"]["score"] == free["fuller"]["score"]
    assert found["fuller"]["pd"] > free["fuller"]["pd"]
    low, supposed, high = of(found)
    assert low <= supposed <= high


@pytest.mark.parametrize("counts", ["confirmed", "everything"])
def test_it_is_of_the_reading_that_decides(short: Any, send: Send, lines: Callable[..., Any], counts: str) -> None:
    """What only the firm says fills no month of a score that does not count it; a batch tells the same."""
    short.change(FIRM, THEN)
    short.state_alone(FIRM, NOW)
    short.suppose(FIRM, THEN, features_sha256="1" * 64)
    short.suppose(f"{FIRM} confirmed", {**NOW, "sales_active_months": 20.0}, features_sha256="2" * 64)
    found = send("/v1/scores", {"enterprise": FIRM, "counts": counts}).json
    assert found["fuller"]["features_sha256"] == ("2" if counts == "confirmed" else "1") * 64
    assert found[f"with_{counts}"]["pd_interval"] == found["pd_interval"]
    line = lines(counts=counts)[FIRM]
    assert line["fuller"] == found["fuller"]


def test_a_batch_tells_it_as_a_single_score_does(short: Any, send: Send, lines: Callable[..., Any], read: Read) -> None:
    """Line by line, read by itself, and proved by receipt and ledger; of who shows all nothing is stored."""
    found = lines()
    alone = {firm: send("/v1/scores", {"enterprise": firm}).json for firm in found}
    for firm, line in found.items():
        assert line["fuller"] == alone[firm]["fuller"]
        assert line["pd_interval"] == pytest.approx(alone[firm]["pd_interval"])
    line = found[FIRM]
    assert read(f"/v1/scores/{line['id']}").json == line
    receipt = read(line["receipt"]).json
    assert receipt["receipt"]["fuller"]["score"] == line["fuller"]["score"]
    assert send("/v1/receipt-verifications", receipt).json["valid"]


def test_the_ledger_notices_a_changed_supposition_of_a_batch(
    short: Any, lines: Callable[..., Any], read: Read, serving: Flask
) -> None:
    line = lines()[FIRM]
    before = read(f"/v1/scores/{line['id']}/ledger-proof").json
    assert f" {line['fuller']['score']} " in orjson.loads(before["scores"][0]["words"])["fuller"]
    key = checkpoint.verifier_keys(LEDGER, serving.extensions["context"].ledger_signer.public)[0]
    assert bundle(before, key)
    with serving.extensions["database"].begin() as session:
        row = session.scalars(select(BatchPart)).one()
        frame = batch_file.read(row.body)
        told = pl.col("fuller").struct.with_fields(pl.field("months") - 6)
        row.body = batch_file.written(frame.with_columns(told))
    after = read(f"/v1/scores/{line['id']}/ledger-proof").json
    assert after["scores"][0]["words"] != before["scores"][0]["words"]


def test_a_part_of_firms_that_show_all_has_the_columns_of_before(
    serving: Flask, profile: Any, lines: Callable[..., Any]
) -> None:
    found = lines()
    assert {line["fuller"] for line in found.values()} == {None}
    with serving.extensions["database"].read() as session:
        body = session.scalars(select(BatchPart.body)).one()
    assert "fuller" not in batch_file.read(body).columns
