"""Who may let a model serve, how it is taken back, and the challenger in the shadow."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partialmethod
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask
from sqlalchemy import func, select

from services.scoring.domain.errors import FeaturesDoNotFit
from services.scoring.ml.scorer import Scorer
from services.scoring.store import models
from services.scoring.tables import BatchPart, ShadowScore
from services.scoring.usecases.redraw import redraw

Send = Callable[..., Any]
Read = Callable[[str], Any]
Work = Callable[[], None]


def shadow_scores(app: Flask) -> int:
    with app.extensions["database"].read() as session:
        alone = session.scalar(select(func.count()).select_from(ShadowScore)) or 0
        return alone + int(session.scalar(select(func.sum(BatchPart.count)).where(BatchPart.shadow.is_not(None))) or 0)


@pytest.fixture
def challenger(serving: Flask, trained: Path, home: Path, add_model: Any, send: Send) -> str:
    """Return the version of a model that runs in the shadow of the serving one."""
    # The very same trees under another name: what it says is known, and that is all that is asked of it here.
    body = (trained / "artefact.json").read_text().replace("mdl_test", "mdl_shade")
    shutil.copytree(trained, home / "models" / "mdl_shade")
    (home / "models" / "mdl_shade" / "artefact.json").write_text(body)
    add_model("mdl_shade", "candidate")
    assert send("/v1/models/mdl_shade/shadow", {}).json["state"] == "shadow"
    return "mdl_shade"


def test_a_model_that_nobody_approved_cannot_serve(send: Send, serving: Flask, add_model: Any) -> None:
    """Promotion is refused and says what is missing."""
    add_model("mdl_new", "candidate")

    answer = send("/v1/models/mdl_new/promote", {})

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/model-not-approved")
    assert "/v1/models/mdl_new/approve" in answer.json["detail"]


def test_whoever_trained_a_model_cannot_approve_it(approve: Any, serving: Flask, add_model: Any) -> None:
    """The trainer's own eyes are two of the four, even with the scope."""
    add_model("mdl_new", "candidate")

    answer = approve("mdl_new", who="bank-1")

    assert (answer.status_code, answer.json["type"]) == (403, "/problems/approval-by-trainer")


def test_approving_needs_its_own_scope(send: Send, serving: Flask, add_model: Any) -> None:
    """A bank that may train and promote may not approve."""
    add_model("mdl_new", "candidate")

    assert send("/v1/models/mdl_new/approve", {}).status_code == 403


def test_an_approved_model_is_promoted_and_the_decisions_are_kept(
    send: Send, read: Read, approve: Any, serving: Flask, add_model: Any
) -> None:
    """Who decided what, in order, with the note."""
    add_model("mdl_new", "candidate")
    approve("mdl_new", note="reviewed")
    send("/v1/models/mdl_new/promote", {})

    model = read("/v1/models/mdl_new").json

    assert (model["state"], model["approved_by"]) == ("serving", "operator-1")
    told = [(each["event"], each["client"], each["note"]) for each in model["events"]]
    assert told == [("approved", "operator-1", "reviewed"), ("promoted", "bank-1", None)]


@pytest.mark.parametrize(
    ("method", "path", "state"),
    [
        ("POST", "promote", "approved"),
        ("POST", "rollback", "serving"),
        ("POST", "shadow", "approved"),
        ("DELETE", "shadow", "shadow"),
        ("GET", "comparison", "shadow"),
    ],
)
def test_another_bank_decides_nothing_about_a_model_and_the_operator_does(
    app: Flask, serving: Flask, add_model: Any, tokens: Any, method: str, path: str, state: str
) -> None:
    """Who trained it is named, and nothing has changed."""
    if state == "serving":
        add_model("mdl_bad", "approved")
        with app.extensions["database"].begin() as session:
            models.serve(session, "mdl_bad", datetime.now(UTC))
    else:
        add_model("mdl_bad", state)

    def ask(client: str, role: str) -> Any:
        headers = tokens(client=client, role=role, scopes="models:write models:read")
        sent = {"json": {}} if method == "POST" else {}
        headers |= {"Idempotency-Key": f"{client}-{path}"}
        return app.test_client().open(f"/v1/models/mdl_bad/{path}", method=method, headers=headers, **sent)

    refused = ask("bank-2", "bank")

    assert (refused.status_code, refused.json["type"]) == (403, "/problems/not-your-model")
    assert "bank-1 or by the operator" in refused.json["detail"]
    with app.extensions["database"].read() as session:
        assert models.model(session, "mdl_bad").state == state
    assert ask("operator-1", "operator").status_code == 200


def test_fewer_than_ten_shadow_scores_are_counted_and_not_compared(send: Send, read: Read, challenger: str) -> None:
    """A mean of three would tell of three firms."""
    for number in range(1, 4):
        send("/v1/scores", {"enterprise": f"local:E{number}"})

    found = read(f"/v1/models/{challenger}/comparison").json

    assert (found["scores"], found["points"], found["notches"]) == (3, None, {})


def test_a_model_that_failed_its_gate_is_not_approved_without_a_reason(
    read: Read, approve: Any, serving: Flask, add_model: Any
) -> None:
    """The refusal says what to do, and nothing has changed."""
    add_model("mdl_weak", "candidate", passed=False)

    answer = approve("mdl_weak", note="looks fine")

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/gate-failed")
    assert "`exception`" in answer.json["detail"]
    assert (read("/v1/models/mdl_weak").json["state"], read("/v1/models/mdl_weak").json["events"]) == ("candidate", [])


def test_the_reason_for_an_exception_is_kept_and_the_first_stays(
    read: Read, approve: Any, serving: Flask, add_model: Any
) -> None:
    """On the model, and among its decisions with who gave it."""
    add_model("mdl_weak", "candidate", passed=False)
    approve("mdl_weak", exception="a pilot of ten firms")
    approve("mdl_weak", who="operator-2", exception="another reason")

    model = read("/v1/models/mdl_weak").json

    assert (model["state"], model["exception"]) == ("approved", "a pilot of ten firms")
    told = [(each["event"], each["client"], each["note"]) for each in model["events"]]
    assert told == [("exception", "operator-1", "a pilot of ten firms"), ("approved", "operator-1", None)]


def test_a_model_that_passed_needs_no_exception_and_gets_none(approve: Any, serving: Flask, add_model: Any) -> None:
    """A reason without a failure would make people think that there was one."""
    add_model("mdl_new", "candidate")

    assert approve("mdl_new", exception="to be on the safe side").status_code == 422


def test_a_model_approved_before_gates_bound_serves_after_a_reason_was_given(
    send: Send, approve: Any, serving: Flask, add_model: Any
) -> None:
    """An approval from an earlier release lets no failed model through silently."""
    add_model("mdl_old", "approved", passed=False)
    refused = send("/v1/models/mdl_old/promote", {})
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/gate-failed")

    approve("mdl_old", exception="it served for a year")

    assert send("/v1/models/mdl_old/promote", {}).json["state"] == "serving"


def test_the_first_approval_stays(read: Read, approve: Any, serving: Flask, add_model: Any) -> None:
    """A second approval neither replaces the first nor adds a decision."""
    add_model("mdl_new", "candidate")
    approve("mdl_new")
    approve("mdl_new", who="operator-2")

    model = read("/v1/models/mdl_new").json

    assert (model["approved_by"], len(model["events"])) == ("operator-1", 1)


def test_a_rollback_lets_the_model_before_serve_again(send: Send, read: Read, serving: Flask, add_model: Any) -> None:
    """The bad one is retired, the next score comes from the old one."""
    add_model("mdl_bad", "approved")
    send("/v1/models/mdl_bad/promote", {})

    answer = send("/v1/models/mdl_bad/rollback", {"note": "alarms"})

    assert (answer.json["version"], answer.json["state"]) == ("mdl_test", "serving")
    assert read("/v1/models/mdl_bad").json["state"] == "retired"
    assert send("/v1/scores", {"enterprise": "local:E1"}).json["model"]["version"] == "mdl_test"


def test_what_was_rolled_back_serves_again_only_when_it_is_approved_anew(
    send: Send, read: Read, approve: Any, serving: Flask, add_model: Any
) -> None:
    """Its trainer alone does not undo what the operator took out of service."""
    add_model("mdl_bad", "approved")
    send("/v1/models/mdl_bad/promote", {})
    send("/v1/models/mdl_bad/rollback", {"note": "alarms"})

    answer = send("/v1/models/mdl_bad/promote", {})

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/model-not-approved")
    assert read("/v1/models/mdl_bad").json["approved_by"] is None
    assert approve("mdl_bad", note="mended").status_code == 200
    assert send("/v1/models/mdl_bad/promote", {}).json["state"] == "serving"


def test_a_rollback_never_brings_back_what_was_rolled_back(send: Send, serving: Flask, add_model: Any) -> None:
    """After a rollback there is nothing left to roll back to but what was taken out for cause."""
    add_model("mdl_bad", "approved")
    send("/v1/models/mdl_bad/promote", {})
    send("/v1/models/mdl_bad/rollback", {})

    answer = send("/v1/models/mdl_test/rollback", {})

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/nothing-served-before")


def test_the_shadow_scores_live_traffic_and_no_answer_shows_it(send: Send, challenger: str, serving: Flask) -> None:
    """One score, one row beside it, and the bank reads the champion's alone."""
    answer = send("/v1/scores", {"enterprise": "local:E1"})

    assert shadow_scores(serving) == 1
    assert challenger not in answer.text


def test_a_shadow_that_refuses_never_stops_an_answer(
    send: Send, work: Work, challenger: str, serving: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one score nor a batch: what the shadow meets with is logged."""

    def refuse(scorer: Scorer, *args: Any, **more: Any) -> Any:
        if scorer.version == challenger:
            raise FeaturesDoNotFit("a feature is too large for the shadow")
        return whole[more.pop("which")](scorer, *args, **more)

    whole = {name: getattr(Scorer, name) for name in ("score_few", "score_many")}
    for name in whole:
        monkeypatch.setattr(Scorer, name, partialmethod(refuse, which=name))
    assert send("/v1/scores", {"enterprise": "local:E1"}).status_code == 201
    assert send("/v1/score-batches", {"enterprises": None}).status_code == 202
    work()
    assert shadow_scores(serving) == 0
    with serving.extensions["database"].read() as session:
        assert session.scalar(select(func.sum(BatchPart.count))) == 80


def test_the_shadow_scores_batches_too(send: Send, work: Work, challenger: str, serving: Flask) -> None:
    """Every enterprise of a batch that got a score got one in the shadow."""
    send("/v1/score-batches", {"enterprises": None})
    work()

    assert shadow_scores(serving) == 80


def test_a_shadow_of_the_same_trees_agrees_everywhere(send: Send, read: Read, work: Work, challenger: str) -> None:
    """The comparison of a model with itself under another name: no points, no notch."""
    send("/v1/score-batches", {"enterprises": None})
    work()

    found = read(f"/v1/models/{challenger}/comparison").json

    assert (found["scores"], found["champions"], found["same_grade"]) == (80, ["mdl_test"], 1.0)
    assert found["points"]["largest"] == 0.0


def test_a_damaged_challenger_stops_no_score(send: Send, challenger: str, serving: Flask, home: Path) -> None:
    """The champion answers though the shadow cannot be read."""
    serving.extensions["context"].shelf._loaded.clear()
    (home / "models" / challenger / "artefact.json").write_text("{")

    assert send("/v1/scores", {"enterprise": "local:E1"}).status_code == 201


def test_a_lineage_names_data_code_and_seed(send: Send, read: Read, work: Work) -> None:
    """Two trainings on the same book with the same seed come from the same place and give the same trees."""
    versions = [send("/v1/models", {"seed": 1}).json["version"] for _ in range(2)]
    work()

    first, second = (read(f"/v1/models/{version}").json for version in versions)

    assert first["lineage"] == second["lineage"]
    assert first["lineage"]["rows"] == 80
    assert first["card"]["data"] == second["card"]["data"]


def test_a_trained_model_has_pictures_and_names_no_other(read: Read, serving: Flask) -> None:
    """ROC and SHAP among them, as SVG; a name that is not one of them is not found, wherever it points."""
    names = read("/v1/models/mdl_test/plots").json["items"]

    assert {"roc", "calibration", "shap-summary"} <= set(names)
    assert "<svg" in read("/v1/models/mdl_test/plots/roc").json["svg"]
    assert read("/v1/models/mdl_test/plots/..%2Fartefact").status_code == 404
    assert read("/v1/models/mdl_test/plots/none").json["type"] == "/problems/picture-not-found"


def test_a_model_s_validation_document_is_a_page_in_either_language(read: Read, serving: Flask, trained: Path) -> None:
    """With its pictures inside and a policy that runs nothing; Chinese unless asked otherwise."""
    card = orjson.loads((trained / "artefact.json").read_bytes())["card"]
    with serving.extensions["context"].database.begin() as session:
        models.model(session, "mdl_test").card = card

    chinese, english = read("/v1/models/mdl_test/validation"), read("/v1/models/mdl_test/validation?lang=en")

    assert "模型验证文件" in chinese.text
    assert "Model validation document" in english.text
    assert "data:image/svg+xml;base64," in english.text
    assert english.mimetype == "text/html"
    assert "sandbox" in english.headers["Content-Security-Policy"]


def test_a_model_without_a_card_has_no_validation_document(read: Read, add_model: Any) -> None:
    """Nor has one of a language that nobody wrote."""
    add_model("mdl_bare", "training")
    refused = read("/v1/models/mdl_bare/validation")
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/model-not-ready")
    assert read("/v1/models/mdl_bare/validation?lang=fr").status_code == 422
    assert read("/v1/models/mdl_none/validation").status_code == 404


def test_pictures_of_the_time_of_a_dot_a_firm_are_never_served_and_are_redrawn(
    read: Read, serving: Flask, home: Path, trained: Path
) -> None:
    """An old model has a card of the old form and pictures in the old folder; the worker draws new ones."""
    context = serving.extensions["context"]
    model = home / "models" / "mdl_test"
    shutil.rmtree(model / "pictures")
    (model / "plots").mkdir()
    (model / "plots" / "roc.svg").write_text("<svg>a dot a firm</svg>")
    old = old_card(orjson.loads((trained / "artefact.json").read_bytes())["card"])
    with context.database.begin() as session:
        models.model(session, "mdl_test").card = old
        models.model(session, "mdl_test").trained_at = datetime.now(UTC)

    assert read("/v1/models/mdl_test/plots").json["items"] == []
    assert read("/v1/models/mdl_test").json["card"]["validation"]["form"] == 1
    assert (redraw(context), redraw(context)) == (1, 0)

    assert set(read("/v1/models/mdl_test/plots").json["items"]) == {
        "roc",
        "ks",
        "calibration",
        "scores",
        "shap-summary",
    }
    assert "a dot a firm" not in read("/v1/models/mdl_test/plots/roc").json["svg"]
    assert list((model / "plots").iterdir()) == []


def test_a_model_that_cannot_be_drawn_keeps_no_worker_from_starting(serving: Flask, home: Path, add_model: Any) -> None:
    """Its card lacks what a picture shows: it has none, and others have theirs."""
    context = serving.extensions["context"]
    add_model("mdl_odd", "retired")
    (home / "models" / "mdl_odd").mkdir()
    (home / "models" / "mdl_odd" / "artefact.json").write_text("{}")
    with context.database.begin() as session:
        models.model(session, "mdl_odd").card = {"validation": {"form": 1}}
        models.model(session, "mdl_odd").trained_at = datetime.now(UTC)
    assert redraw(context) == 0


def old_card(card: dict[str, Any]) -> dict[str, Any]:
    """Return a card as it was written when its curves had a step a firm."""
    firms, bad = card["data"]["firms"], card["data"]["defaults"]
    points = [400.0 + each for each in range(firms)]
    shares = {"defaulted": [min(1.0, each / bad) for each in range(1, firms + 1)]}
    shares["paid"] = [max(0.0, (each - bad) / (firms - bad)) for each in range(1, firms + 1)]
    curve = {"points": points, **shares, "at": points[bad], "distance": 1.0}
    told = {"held_out_auc": 1.0, "roc": {}, "ks": curve, "stability": None, "segments": {}, "passing_points": 433.0}
    return {**card, "validation": told}


def test_a_model_that_has_changed_since_its_card_was_read_is_not_promoted(
    send: Send, read: Read, serving: Flask, add_model: Any
) -> None:
    """The officer decided on another state than the one that stands (If-Match)."""
    add_model("mdl_new", "approved")
    seen = read("/v1/models/mdl_new").headers["ETag"]
    assert send("/v1/models/mdl_new/shadow", {}).status_code == 200
    late = send("/v1/models/mdl_new/promote", {}, expecting=seen)
    assert (late.status_code, late.json["type"]) == (412, "/problems/outdated")
    assert read("/v1/models/mdl_new").json["state"] == "shadow"


def test_a_promotion_sent_twice_under_one_key_is_one_promotion(
    send: Send, read: Read, serving: Flask, add_model: Any
) -> None:
    """The second is told what the first was, and leaves no second line in the model's history."""
    add_model("mdl_new", "approved")
    first, second = (send("/v1/models/mdl_new/promote", {}, key="one") for _ in range(2))
    assert (first.json, second.headers["Idempotency-Replayed"]) == (second.json, "true")
    assert [each["event"] for each in read("/v1/models/mdl_new").json["events"]].count("promoted") == 1
