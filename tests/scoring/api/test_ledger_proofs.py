"""Each score is proved by itself, one of a batch too: offline, by the client's verifier, which shares no code."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import numpy as np
import orjson
import polars as pl
import pytest
import rfc8785
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from chassis.core.ids import new_head, numbered
from chassis.data import ledger
from chassis.data.ledger import checkpoint
from services.scoring.context import LEDGER
from services.scoring.domain import leaf
from services.scoring.store.batch_file import points_of
from services.scoring.tables import BatchSeal
from smecredit.ledger import Checkpoint, NotProved, bundle, included

Send = Callable[..., Any]
Read = Callable[[str], Any]
OWN = {"client": "local:E17", "role": "enterprise", "enterprise": "local:E17", "scopes": "scores:read ledger:read"}


@pytest.fixture
def in_batch(serving: Flask, send: Send, read: Read, work: Callable[[], None]) -> Any:
    """Return a score that a batch of all made of local:E17."""
    order = send("/v1/score-batches", {}).json
    work()
    lines = map(orjson.loads, read(f"/v1/score-batches/{order['id']}/results").data.splitlines())
    return next(line for line in lines if line["enterprise"] == "local:E17")


@pytest.fixture
def key(app: Flask) -> str:
    """Return the public key of the score ledger."""
    return checkpoint.verifier_keys(LEDGER, app.extensions["context"].ledger_signer.public)[0]


@pytest.fixture
def proof(in_batch: Any, read: Read) -> Any:
    return read(f"/v1/scores/{in_batch['id']}/ledger-proof").json


@pytest.mark.parametrize("who", ["the bank", "the firm"])
def test_a_score_of_a_batch_is_proved_to_its_bank_and_to_its_firm(
    app: Flask, in_batch: Any, key: str, headers: Any, tokens: Any, who: str
) -> None:
    """What it says in words and in numbers, and who ordered it."""
    asked = headers if who == "the bank" else tokens(**OWN)
    found = app.test_client().get(f"/v1/scores/{in_batch['id']}/ledger-proof", headers=asked).json
    (score,) = bundle(found, key).scores
    assert (score["score_id"], score["enterprise"]) == (in_batch["id"], "local:E17")
    assert (score["score"], score["grade"]) == (in_batch["score"], in_batch["grade"])
    assert score["features_sha256"] == in_batch["features_sha256"]
    numbers = [in_batch["pd"], *in_batch["pd_interval"], in_batch["base_points"]]
    assert found["scores"][0]["numbers"] == numbers
    assert found["entries"][0]["actor"] == "bank-1"


@pytest.mark.usefixtures("serving")
def test_a_score_of_its_own_is_proved_by_its_entry(send: Send, read: Read, key: str) -> None:
    """Among others of the same firm."""
    made = [send("/v1/scores", {"enterprise": "local:E17"}).json["id"] for _ in range(3)]
    found = read(f"/v1/scores/{made[1]}/ledger-proof").json
    proved = bundle(found, key)
    assert (proved.entries, proved.scores) == (1, ())
    assert orjson.loads(found["entries"][0]["leaf"])["facts"]["score"] == made[1]
    assert found["entries"][0]["subject"] == "local:E17"


def test_nobody_else_gets_the_proof(app: Flask, in_batch: Any, tokens: Any) -> None:
    """To another firm and another bank there is no such score."""
    for other in (
        OWN | {"client": "local:E1", "enterprise": "local:E1"},
        {"client": "bank-2", "scopes": "scores:read"},
    ):
        answer = app.test_client().get(f"/v1/scores/{in_batch['id']}/ledger-proof", headers=tokens(**other))
        assert (answer.status_code, answer.json["type"]) == (404, "/problems/score-not-found")


def test_the_proof_is_withheld_where_the_consent_has_ended(in_batch: Any, read: Read, profile: Any) -> None:
    """It says what the score says."""
    profile.withheld.add("local:E17")
    assert read(f"/v1/scores/{in_batch['id']}/ledger-proof").status_code == 403


def test_every_change_of_a_proof_is_found(proof: Any, key: str) -> None:
    """Any character of words, salt, group, proof or entry, any number, another place, a score left out of its entry."""
    chance, missed = random.Random(7), []
    for _ in range(500):
        changed, where = tampered(proof, chance)
        try:
            bundle(changed, key)
        except (NotProved, ValueError):
            continue
        missed.append(where)
    assert missed == []


def tampered(whole: Any, chance: random.Random) -> tuple[Any, str]:
    changed = copy.deepcopy(whole)
    (score,), (entry,) = changed["scores"], changed["entries"]
    where = chance.choice(
        ["words", "salt", "group", "proof", "numbers", "place", "entry", "leaf", "shorter", "swapped"]
    )
    if where in {"words", "salt"}:
        score[where] = other(score[where], chance)
    elif where in {"group", "proof"}:
        step = chance.randrange(len(score[where]))
        score[where][step] = other(score[where][step], chance)
    elif where == "numbers":
        place = chance.randrange(len(score["numbers"]))
        score["numbers"][place] = np.nextafter(score["numbers"][place], chance.choice([-np.inf, np.inf]))
    elif where == "place":
        score["place"] += chance.choice([-16, -1, 1, 16, 8192])
    elif where == "entry":
        score["entry"] += 1
    elif where == "leaf":
        entry["leaf"] = other(entry["leaf"], chance)
    elif where == "shorter":
        score[chance.choice(["numbers", "group", "proof"])].pop()
    else:
        score["group"][0], score["group"][1] = score["group"][1], score["group"][0]
    return changed, where


def other(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text))
    new = chance.choice([letter for letter in "0123456789abcdef" if letter != text[place].lower()])
    return text[:place] + new + text[place + 1 :]


def test_the_entry_of_a_batch_tells_nothing_of_a_firm(proof: Any) -> None:
    """Ids, counts, purposes, times and a root over salted hashes."""
    said = orjson.loads(proof["entries"][0]["leaf"])
    assert said["subject"] is None
    facts = {"scores", "count", "model", "purpose", "as_of", "known_at", "counts", "root", "group"}
    assert set(said["facts"]) == facts


def test_a_score_whose_salt_is_not_known_cannot_be_found_by_what_it_says(proof: Any) -> None:
    """Two seals of the same scores have no hash in common."""
    frame = rows(["local:E1", "local:E2"])
    first, second = (leaf.seal("sco_" + "0" * 22, frame, 1.0) for _ in range(2))
    assert not {*first.group(0)} & {*second.group(0)}


def test_a_score_from_before_there_were_seals_has_no_proof(app: Flask, in_batch: Any, read: Read) -> None:
    """Which is said, with what still proves it."""
    with app.extensions["database"].begin() as session:
        session.execute(delete(BatchSeal))
    answer = read(f"/v1/scores/{in_batch['id']}/ledger-proof")
    assert (answer.status_code, answer.json["type"]) == (404, "/problems/proof-not-found")
    assert "receipt" in answer.json["detail"]


def test_a_score_whose_entry_is_forgotten_has_no_proof(serving: Flask, send: Send, read: Read) -> None:
    made = send("/v1/scores", {"enterprise": "local:E17"}).json
    with serving.extensions["database"].begin() as session:
        ledger.forget(session, [0])
    assert read(f"/v1/scores/{made['id']}/ledger-proof").json["type"] == "/problems/proof-not-found"


def rows(names: list[str]) -> pl.DataFrame:
    """Return scores of these enterprises, one feature each."""
    count = len(names)
    heads = {
        "enterprise": names,
        "depth": ["B"] * count,
        "features_sha256": [f"{place:064x}" for place in range(count)],
        "score": [600 + place for place in range(count)],
        "grade": ["BB+"] * count,
        "pd": [1 / 3] * count,
        "pd_low": [1e-17] * count,
        "pd_high": [0.5] * count,
    }
    return pl.concat([pl.DataFrame(heads), points_of(np.arange(count, dtype=float)[:, None] / 7)], how="horizontal")


CODES = st.text(
    st.characters(exclude_categories=["Zs", "Zl", "Zp", "Cc", "Cs"], exclude_characters=":/?#%"), min_size=1
)


@given(names=st.lists(CODES.map(lambda code: f"local:{code}"), min_size=1, max_size=40))
def test_columns_seal_what_each_score_says_in_its_canonical_form(names: list[str]) -> None:
    """Whatever the code: quotation marks, backslashes, any script; at any place of parts of any size."""
    head, frame = new_head("sco"), rows(names)
    seals = leaf.seal(head, frame, 0.1)
    assert len(seals.hashes) == leaf.HASH_BYTES * len(names)
    for place, row in enumerate(frame.iter_rows(named=True)):
        words = {name: row[name] for name in ("depth", "enterprise", "features_sha256", "grade", "score")}
        text = rfc8785.dumps({**words, "score_id": numbered(head, place)}).decode()
        numbers = [row["pd"], row["pd_low"], row["pd_high"], 0.1]
        assert seals.group(place)[place % leaf.GROUP] == leaf.hash_of(seals.salt(place), text, numbers)


def test_columns_seal_the_expert_rules_that_were_asked() -> None:
    """By their digest, as one score says it in words; a row of which records were withheld says nothing of them."""
    said = [{"version": "2026.1", "rules": []}, {"version": "2026.1", "rules": [{"rule": "词"}]}, None]
    texts = [None if each is None else orjson.dumps(each).decode() for each in said]
    frame = rows(["local:E1", "local:E2", "local:E3"])
    frame = frame.with_columns(pl.Series("overlay", texts, dtype=pl.Categorical))
    seals = leaf.seal("sco_" + "0" * 22, frame, 0.1)
    for place, (row, overlay) in enumerate(zip(frame.iter_rows(named=True), said, strict=True)):
        words = {name: row[name] for name in ("depth", "enterprise", "features_sha256", "grade", "score")}
        ruled = {} if overlay is None else {"overlay_sha256": sha256(orjson.dumps(overlay)).hexdigest()}
        text = rfc8785.dumps({**words, **ruled, "score_id": numbered("sco_" + "0" * 22, place)}).decode()
        numbers = [row["pd"], row["pd_low"], row["pd_high"], 0.1]
        assert seals.group(place)[place] == leaf.hash_of(seals.salt(place), text, numbers)


@pytest.mark.parametrize("count", [1, 15, 16, 17, 31, 33, 257])
def test_every_place_of_a_part_is_under_its_root(count: int) -> None:
    """Also where the last group is not full."""
    seals = leaf.seal("sco_" + "0" * 22, rows([f"local:E{place}" for place in range(count)]), 0.0)
    head = Checkpoint("the part", -(-count // leaf.GROUP), seals.root)
    for place in range(count):
        included(b"".join(seals.group(place)), place // leaf.GROUP, seals.path(place), head)
