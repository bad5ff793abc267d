"""What only firms themselves state, in batches, in the shadow and in renewals: never for them in what decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from flask import Flask
from sqlalchemy import select, update

from chassis.data.ledger import checkpoint
from services.scoring.context import LEDGER
from services.scoring.domain.counting import Counts
from services.scoring.store import batch_file, batches
from services.scoring.tables import BatchPart, Score, ShadowScore
from smecredit.ledger import bundle

Send = Callable[..., Any]
Read = Callable[[str], Any]
Work = Callable[[], None]
SAID = {"sales_active_months": 36.0, "margin": 0.4, "red_letter_rate": 0.0}
HELD = {"sales_active_months": 8.0, "margin": 0.05, "red_letter_rate": 0.2}
OF_ITSELF = {"id", "receipt", "created_at", "batch", "known_at"}


@pytest.fixture
def inflated(serving: Flask, profile: Any) -> Any:
    """One firm of three speaks for itself, and one is known by nothing else."""
    for firm in ("local:E1", "local:E3"):
        profile.change(firm, SAID)
    profile.state_alone("local:E1", HELD)
    profile.state_alone("local:E3", dict.fromkeys(HELD))
    return profile


@pytest.fixture
def batch(send: Send, read: Read, work: Work) -> Callable[..., dict[str, Any]]:
    def order(**said: Any) -> dict[str, Any]:
        made = send("/v1/score-batches", {"enterprises": ["local:E1", "local:E2", "local:E3"], **said}).json
        work()
        lines = map(orjson.loads, read(f"/v1/score-batches/{made['id']}/results").data.splitlines())
        return {line["enterprise"]: line for line in lines}

    return order


@pytest.mark.parametrize("counts", [*Counts, None])
def test_a_batch_counts_as_its_single_scores_do(
    inflated: Any, batch: Callable[..., Any], send: Send, counts: Counts | None
) -> None:
    """Line by line the same answers, sentences included; by default what is confirmed."""
    said = {"counts": counts} if counts else {}
    found = batch(**said)
    for firm in ("local:E1", "local:E2", "local:E3"):
        alone = send("/v1/scores", {"enterprise": firm, **said}).json
        for name in ("score", "grade", "depth", "features_sha256", "counts", "counted", "evidence"):
            assert found[firm].get(name) == alone.get(name)
        for name in ("with_everything", "with_confirmed"):
            one, other = found[firm].get(name), alone.get(name)
            assert (one and one["score"]) == (other and other["score"])
    assert found["local:E2"]["counts"] == (counts or "confirmed")


def test_a_firm_of_which_nothing_is_confirmed_has_a_line_that_says_so(
    inflated: Any, batch: Callable[..., Any], read: Read
) -> None:
    """It is refused, not scored, and counted among the refused."""
    problem = batch()["local:E3"]["problem"]
    assert problem["type"] == "/problems/nothing-confirmed"
    assert "bank statement" in problem["detail"]
    assert "score" in batch(counts="everything")["local:E3"]


def test_a_line_reads_again_and_is_proved(
    inflated: Any, batch: Callable[..., Any], read: Read, send: Send, serving: Flask
) -> None:
    """By its receipt, with both scores, and by the ledger, which names the digest of the one that does not decide."""
    line = batch()["local:E1"]
    assert read(f"/v1/scores/{line['id']}").json == line
    receipt = read(line["receipt"]).json
    assert receipt["receipt"]["with_everything"]["score"] == line["with_everything"]["score"] > line["score"]
    assert send("/v1/receipt-verifications", receipt).json["valid"]
    proof = read(f"/v1/scores/{line['id']}/ledger-proof").json
    assert "beside_sha256" in orjson.loads(proof["scores"][0]["words"])
    key = checkpoint.verifier_keys(LEDGER, serving.extensions["context"].ledger_signer.public)[0]
    assert bundle(proof, key)


def test_a_changed_score_beside_is_noticed_by_the_ledger(
    inflated: Any, batch: Callable[..., Any], read: Read, serving: Flask
) -> None:
    """What is stored of it cannot be another afterwards."""
    line = batch()["local:E1"]
    before = read(f"/v1/scores/{line['id']}/ledger-proof").json["scores"][0]
    with serving.extensions["database"].begin() as session:
        row = session.scalars(select(BatchPart)).one()
        frame = batch_file.read(row.body)
        beside = frame["beside"].str.replace('"grade":"[A-Z]+"', '"grade":"AAA"')
        row.body = batch_file.written(frame.with_columns(beside))
    after = read(f"/v1/scores/{line['id']}/ledger-proof").json["scores"][0]
    assert (after["salt"], after["words"] != before["words"]) == (before["salt"], True)


def test_a_part_without_own_words_has_the_columns_of_before(serving: Flask, batch: Callable[..., Any]) -> None:
    """Nothing is stored of what nobody has."""
    batch()
    with serving.extensions["database"].read() as session:
        (part,) = (batches.part(row) for row in session.scalars(select(BatchPart)))
    assert not {"evidence", "beside"} & {*part.frame.columns}


def test_a_batch_after_a_confirmation_is_no_repeat(inflated: Any, send: Send, read: Read, work: Work) -> None:
    """The features with everything are the same; what is confirmed, and so what decides, is not."""

    def ordered() -> Any:
        made = send("/v1/score-batches", {"enterprises": ["local:E1"]}).json
        work()
        return read(f"/v1/score-batches/{made['id']}").json

    first, again = ordered(), ordered()
    assert again["repeat_of"] == first["id"]
    inflated.state_alone("local:E1", HELD | {"sales_active_months": 20.0})
    assert ordered()["repeat_of"] is None


@pytest.mark.parametrize("table", [Score, BatchPart])
def test_what_was_stored_before_counts_everything_and_its_receipt_is_the_old_one(
    serving: Flask, batch: Callable[..., Any], send: Send, read: Read, table: type[Score | BatchPart]
) -> None:
    """A score without a policy reads as one by everything, and states nothing of it."""
    made = send("/v1/scores", {"enterprise": "local:E2"}).json if table is Score else batch()["local:E2"]
    with serving.extensions["database"].begin() as session:
        session.execute(update(table).values(counts=None))
    again = read(f"/v1/scores/{made['id']}").json
    assert again == {**made, "counts": "everything"}
    receipt = read(made["receipt"]).json
    assert not {"counts", "evidence_sha256", "with_everything"} & {*receipt["receipt"]}
    assert send("/v1/receipt-verifications", receipt).json["valid"]


def test_the_challenger_counts_what_the_champion_counts(
    inflated: Any, serving: Flask, send: Send, add_model: Callable[[str, str], None], home: Any, trained: Any
) -> None:
    """Of the same trees it says the same beside each score."""
    (home / "models" / "mdl_shade").symlink_to(trained)
    add_model("mdl_shade", "shadow")
    made = [send("/v1/scores", {"enterprise": "local:E1", "counts": counts}).json for counts in Counts]
    with serving.extensions["database"].read() as session:
        beside = {row.score: row.points for row in session.scalars(select(ShadowScore))}
    assert beside == {one["id"]: one["score"] for one in made}
    assert made[0]["score"] < made[1]["score"]


def test_the_shadow_of_a_batch_counts_alike(
    inflated: Any, serving: Flask, batch: Callable[..., Any], add_model: Any, home: Any, trained: Any
) -> None:
    (home / "models" / "mdl_shade").symlink_to(trained)
    add_model("mdl_shade", "shadow")
    batch()
    with serving.extensions["database"].read() as session:
        (part,) = (batches.part(row) for row in session.scalars(select(BatchPart)))
    assert part.frame["shadow points"].to_list() == part.frame["score"].to_list()
