"""Training and evaluation; on SQLite alone, as what they store is little and they take seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO
from json import dumps, loads
from typing import Any

import polars as pl
import pytest
from flask import Flask

from services.scoring.clients import FeatureTable
from services.scoring.domain.errors import TableUnreadable
from services.scoring.domain.outcome import Seen
from services.scoring.usecases.read_table import read_table
from services.scoring.usecases.train import with_outcomes

Send = Callable[..., Any]
Read = Callable[[str], Any]
Work = Callable[[], None]


@pytest.fixture
def scoring_url(sqlite_url: str) -> str:
    """Return a fresh SQLite database."""
    return sqlite_url


def test_a_trained_model_that_was_to_be_promoted_serves_once_approved(
    send: Send, read: Read, work: Work, approve: Any
) -> None:
    """From outcomes to a first score. Defaults here follow a logistic law, so the challenger wins and the gate holds:
    the model serves by exception, and each of its scores says so, new, read again, listed and in a batch.
    """
    version = send("/v1/models", {"promote": True, "seed": 1}).json["version"]
    work()
    assert read(f"/v1/models/{version}").json["state"] == "candidate"
    refused = approve(version)
    assert (refused.status_code, refused.json["tests"]["auc"]["finding"]) == (409, "behind")
    approve(version, exception="a test of the way")

    model = read(f"/v1/models/{version}").json
    score = send("/v1/scores", {"enterprise": "local:E1"}).json
    batch = send("/v1/score-batches", {"enterprises": ["local:E2"]}).json
    work()
    [line] = read(f"/v1/score-batches/{batch['id']}/results").text.splitlines()
    [listed] = read("/v1/enterprises/local:E1/scores").json["items"]
    again = read(f"/v1/scores/{score['id']}").json

    assert (model["state"], model["as_of"], model["card"]["data"]["firms"]) == ("serving", "2020-02-21", 80)
    said = {"version": version, "reference": score["model"]["reference"], "gate": "failed"}
    said |= {"definition": None, "horizon_months": None, "exception": "a test of the way"}
    figures = {"score", "grade", "pd", "pd_interval"}  # the model's own, beside those that decide
    for each in (score, again, listed, loads(line)):
        assert {name: value for name, value in each["model"].items() if name not in figures} == said
        assert figures <= each["model"].keys()


def test_training_on_too_few_defaults_fails_and_says_how_many_are_needed(
    send: Send, read: Read, work: Work, profile: Any
) -> None:
    """A model of three defaults would be an opinion."""
    profile.book = profile.book.with_columns(defaulted=pl.lit(False))
    version = send("/v1/models", {}).json["version"]
    work()

    model = read(f"/v1/models/{version}").json

    assert (model["state"], model["problem"]["type"]) == ("failed", "/problems/training-data-unusable")
    assert "5 of each class" in model["problem"]["detail"]


def test_training_reads_for_the_purpose_of_training(send: Send, work: Work, profile: Any) -> None:
    """The record of the read says why."""
    profile.book = profile.book.head(3)
    send("/v1/models", {})
    work()

    assert profile.seen[0][1]["Purpose"] == "model-training"


def test_no_model_learns_from_what_only_firms_state(send: Send, read: Read, work: Work, profile: Any) -> None:
    """What firms make up moves the scores of nobody: where nothing is confirmed there is nothing to learn."""
    names = [name for name, kind in profile.book.schema.items() if kind == pl.Float64]
    for firm in profile.book["enterprise"][:-3]:
        profile.state_alone(firm, dict.fromkeys(names))
    version = send("/v1/models", {}).json["version"]
    work()

    model = read(f"/v1/models/{version}").json

    assert (model["state"], model["problem"]["type"]) == ("failed", "/problems/training-data-unusable")


def test_a_table_is_heard_without_what_only_firms_state() -> None:
    """Row by row the second reading stands for the first, and where that is nothing the firm is left out."""
    second = {"depth": "C", "features_sha256": "c", "values": {"sales": 1.0, "months": None}}
    nothing = {"depth": "C", "features_sha256": "n", "values": {"sales": None, "months": None}}
    schema = {"enterprise": pl.String, "depth": pl.String, "sales": pl.Float64, "months": pl.Float64}
    rows = [("a", "A", 9.0, 36.0), ("b", "A", 9.0, 36.0), ("c", "B", None, 2.0)]
    frame = pl.DataFrame(rows, schema, orient="row").with_columns(defaulted=pl.Series([True, None, False]))
    said = pl.DataFrame({"confirmed": [dumps(second), dumps(nothing), None]})

    heard = FeatureTable(frame, said, date(2024, 1, 1), datetime.now(UTC), "2026.12", 0).heard()

    assert heard.schema == frame.schema
    assert heard.rows() == [("a", "C", 1.0, None, True), ("c", "B", None, 2.0, False)]


def test_an_outcome_reported_by_the_bank_counts_before_the_imported_one() -> None:
    """The bank knows its own borrower best."""
    frame = pl.DataFrame({"enterprise": ["a", "b", "c"], "defaulted": [False, None, None]})

    merged = with_outcomes(frame, {"a": [Seen(True)], "b": [Seen(False)]}, date(2024, 1, 1))

    assert merged.frame.rows() == [("a", True), ("b", False)]


def test_a_training_with_a_horizon_learns_from_what_happened_within_it(
    send: Send, read: Read, work: Work, profile: Any
) -> None:
    """Defaults of later years are none of this one; answer and card tell what is undated and what was left out."""
    days = [None, date(2020, 8, 1), date(2023, 8, 1), date(2020, 3, 1)]
    cycle = [days[number % 4] for number in range(profile.book.height)]
    profile.book = profile.book.with_columns(pl.Series("observed_on", cycle, dtype=pl.Date))
    told = {"definition": "past-due-90", "horizon_months": 12, "margin_of_conservatism": 0.2}
    order = send("/v1/models", {"seed": 1, **told}).json
    work()

    model = read(f"/v1/models/{order['version']}").json
    said = model["card"]["definition"]

    assert order["told"] == []
    assert (model["terms"]["definition"], model["terms"]["margin_of_conservatism"]) == ("past-due-90", 0.2)
    assert said["performance_window"] == {"from": "2020-02-21", "to": "2021-02-21"}
    labels = said["labels"]
    assert labels["undated"] == 20
    assert labels["left_out"]["too-early"] > 0
    assert labels["firms"] + labels["left_out"]["too-early"] == 80
    # Of each four firms, one saw its day after the horizon: whatever it says, within the year that firm paid.
    known = profile.book.drop_nulls("defaulted")
    within = known.filter(pl.col("observed_on").is_null() | (pl.col("observed_on") < date(2021, 1, 1)))
    assert model["card"]["data"]["defaults"] == within["defaulted"].sum()
    assert "20 of" in model["told"][0]["en"]


def test_an_order_that_declares_nothing_is_told_so_at_once(send: Send) -> None:
    """In the answer to the order, in both languages."""
    told = send("/v1/models", {}).json["told"]

    assert [each["en"].split(":")[0] for each in told] == [
        "No definition of default is declared",
        "No horizon is declared",
    ]


def test_a_definition_that_there_is_not_is_refused(send: Send) -> None:
    """A code is one of the list."""
    assert send("/v1/models", {"definition": "bad luck"}).status_code == 422


def test_the_book_is_evaluated_by_cross_validation(send: Send, read: Read, work: Work) -> None:
    """The result has the figures of model and challenger."""
    order = send("/v1/evaluations", {"folds": 2, "repeats": 1}).json
    work()

    result = read(f"/v1/evaluations/{order['id']}").json["result"]

    assert (result["firms"], result["folds"], result["repeats"]) == (80, 2, 1)
    assert result["auc"]["ci95"][0] <= result["auc"]["mean"] <= result["auc"]["ci95"][1]
    assert result["challenger"]["kind"] == "logistic"
    assert (result["definition"]["code"], result["definition"]["label_date"]) == (None, None)
    assert len(result["definition"]["told"]) >= 3


def test_a_banks_own_table_is_evaluated(
    app: Flask, headers: dict[str, str], read: Read, work: Work, profile: Any
) -> None:
    """A CSV in GB18030 with Chinese names works like any table; the profile service is not asked."""
    table = profile.book.drop_nulls("defaulted").rename({"margin": "毛利", "defaulted": "是否违约"})
    form = {
        "table": (BytesIO(table.drop("features_sha256").write_csv().encode("gb18030")), "loans.csv"),
        "label": "是否违约",
        "drop": ["enterprise"],
        "folds": "2",
        "repeats": "1",
        "definition": "past-due-90",
        "horizon_months": "12",
        "label_date": "2025-12-31",
    }
    order = app.test_client().post("/v1/evaluations", data=form, headers={**headers, "Idempotency-Key": "k"})
    work()

    evaluation = read(f"/v1/evaluations/{order.json['id']}").json

    assert (evaluation["state"], evaluation["result"]["firms"]) == ("done", 80)
    meaning = evaluation["result"]["definition"]
    assert (meaning["code"], meaning["horizon_months"], meaning["label_date"]) == ("past-due-90", 12, "2025-12-31")
    assert meaning["default"]["title"]["en"] == "More than 90 days past due"
    assert meaning["told"] == []
    assert profile.seen == []


def test_a_feature_set_with_a_holdout_is_evaluated_under_the_catalogue(
    app: Flask, headers: dict[str, str], read: Read, work: Work, profile: Any
) -> None:
    """A column that gives the outcome away but that no catalogue names is not learned from, on neither table."""
    leaking = profile.book.drop_nulls("defaulted").with_columns(pl.col("defaulted").cast(pl.Int8).alias("written_off"))
    form = {
        "table": (BytesIO(leaking.write_csv().encode()), "data.csv"),
        "holdout": (BytesIO(leaking.head(30).write_csv().encode()), "holdout.csv"),
        "label": "defaulted",
        "drop": ["enterprise", "depth", "features_sha256"],
        "folds": "2",
        "repeats": "1",
    }
    order = app.test_client().post("/v1/evaluations", data=form, headers={**headers, "Idempotency-Key": "k"})
    work()

    result = read(f"/v1/evaluations/{order.json['id']}").json["result"]

    assert [path for path, _ in profile.seen] == ["/v1/catalogue"]
    assert result["suspects"] == []
    assert result["auc"]["mean"] < 0.99
    assert result["holdout"]["firms"] == 30


def test_a_column_to_leave_out_that_the_table_lacks_is_refused(
    app: Flask, headers: dict[str, str], read: Read, work: Work, profile: Any
) -> None:
    """Misspelt, the column that tells the outcome would stay in, and the AUC would be 1."""
    form = {
        "table": (BytesIO(profile.book.drop_nulls("defaulted").write_csv().encode()), "loans.csv"),
        "label": "defaulted",
        "drop": ["enterprize"],
    }
    order = app.test_client().post("/v1/evaluations", data=form, headers={**headers, "Idempotency-Key": "k"})
    work()

    evaluation = read(f"/v1/evaluations/{order.json['id']}").json

    assert evaluation["state"] == "failed"
    assert "no column 'enterprize' to leave out" in evaluation["problem"]["detail"]


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("loans.csv", b"", "empty"),
        ("loans.csv.gz", b"\x1f\x8b\x08\x00broken", "damaged"),
        ("loans.parquet", b"PAR1nonsense", "Parquet"),
        ("loans.csv", b"\xff\xfe\x00\xff", "neither UTF-8 nor GB18030"),
    ],
)
def test_a_table_that_cannot_be_read_says_what_was_found(name: str, body: bytes, said: str) -> None:
    """The problem names the file and its fault."""
    with pytest.raises(TableUnreadable, match=said) as refused:
        read_table(name, body)
    assert name in refused.value.detail


def cut_on(book: pl.DataFrame, day: str) -> dict[str, Any]:
    """Return the order of an evaluation of the labelled firms as a table, a firm a day, cut on a day."""
    table = book.drop_nulls("defaulted").drop("features_sha256").with_row_index("day")
    return {
        "table": (BytesIO(table.with_columns(pl.col("day") + 20_200_101).write_csv().encode()), "loans.csv"),
        "label": "defaulted",
        "drop": ["enterprise"],
        "time": "day",
        "cut": day,
        "folds": "2",
        "repeats": "1",
    }


def test_a_table_cut_by_time_is_learned_before_and_judged_after(
    app: Flask, headers: dict[str, str], read: Read, work: Work, profile: Any
) -> None:
    """The later rows stand as the holdout, and the result says where it was cut."""
    form = cut_on(profile.book, "20200151")
    order = app.test_client().post("/v1/evaluations", data=form, headers={**headers, "Idempotency-Key": "k"})
    work()

    result = read(f"/v1/evaluations/{order.json['id']}").json["result"]

    assert (result["firms"], result["holdout"]["firms"]) == (50, 30)
    assert result["time_cut"] == {"column": "day", "cut": "20200151", "before": 50, "after": 30, "undated": 0}
    told = " ".join(each["en"] for each in result["definition"]["told"])
    for absent in ("No definition of default is declared", "No horizon is declared", "No label date is given"):
        assert absent in told


def test_a_holdout_of_fewer_than_ten_firms_is_refused(
    app: Flask, headers: dict[str, str], read: Read, work: Work, profile: Any
) -> None:
    """Its figures would be of single firms."""
    form = cut_on(profile.book, "20200172")
    order = app.test_client().post("/v1/evaluations", data=form, headers={**headers, "Idempotency-Key": "k"})
    work()

    evaluation = read(f"/v1/evaluations/{order.json['id']}").json

    assert (evaluation["state"], evaluation["result"]) == ("failed", None)
    assert "it needs ten" in evaluation["problem"]["detail"]


def test_a_book_is_evaluated_by_the_default_that_is_declared(send: Send, read: Read, work: Work) -> None:
    """Outcomes by another definition say nothing and are counted, as in a training."""
    for number in range(1, 4):
        said = {"defaulted": True, "observed_on": "2020-08-01", "definition": "charged-off"}
        send("/v1/outcomes", {"enterprise": f"local:E{number}", **said})
    order = send("/v1/evaluations", {"folds": 2, "repeats": 1, "definition": "past-due-90"}).json
    work()

    result = read(f"/v1/evaluations/{order['id']}").json["result"]

    assert result["firms"] == 77
    assert result["definition"]["labels"]["left_out"] == {"other-definition": 3}


@pytest.mark.parametrize(
    ("extra", "field"), [({"time": "day"}, "cut"), ({"time": "day", "cut": "2020-01-01", "holdout": "h"}, "time")]
)
def test_a_cut_without_its_column_or_beside_a_holdout_is_refused(
    app: Flask, headers: dict[str, str], extra: dict[str, Any], field: str
) -> None:
    """One of two ways to judge, and said completely."""
    files = {"holdout": (BytesIO(b"a\n1\n"), "h.csv")} if "holdout" in extra else {}
    form = {"table": (BytesIO(b"a\n1\n"), "t.csv"), "label": "a", **extra, **files}

    refused = app.test_client().post("/v1/evaluations", data=form, headers={**headers, "Idempotency-Key": "k"})

    assert refused.status_code == 422
    assert field in refused.text


RATED = {"grades": ["A", "B", "C"], "given": [{"enterprise": f"local:E{i}", "grade": "ABC"[i % 3]} for i in range(90)]}


def test_the_card_of_a_training_that_carries_ratings_shows_them_beside_the_model(
    send: Send, read: Read, work: Work
) -> None:
    """Firms without an outcome count for nothing, a rating of after the features is left out."""
    late = {"enterprise": "local:E7", "grade": "A", "rated_on": "2020-03-01"}
    given = [late if each["enterprise"] == "local:E7" else each for each in RATED["given"]]
    version = send("/v1/models", {"seed": 1, "ratings": {**RATED, "given": given}}).json["version"]
    work()

    card = read(f"/v1/models/{version}").json["card"]

    told = card["rating"]
    assert (told["rated"], told["unrated"], told["late"], told["undated"]) == (79, 1, 1, 79)
    assert [each["grades"] for each in told["grades"]] == [["A"], ["B"], ["C"]]
    assert told["comparison"]["model"] > told["comparison"]["rating"]
    assert "rating" not in card["metrics"]
    assert not {"rating", "grade"} & set(card["features"])


@pytest.mark.parametrize(
    "ratings",
    [
        {**RATED, "grades": ["A", "B"]},
        {**RATED, "grades": ["A", "B", "C", "A"]},
        {**RATED, "given": RATED["given"][:2] * 2},
        {**RATED, "given": []},
        {**RATED, "grades": ["A"]},
    ],
    ids=["an unknown grade", "a grade twice", "a firm twice", "nobody", "one grade"],
)
def test_ratings_that_do_not_make_sense_are_refused(send: Send, ratings: Any) -> None:
    """Before anything is trained."""
    assert send("/v1/models", {"ratings": ratings}).status_code == 422


def test_a_column_of_grades_on_a_banks_own_table_stands_beside_the_model(
    app: Flask, headers: dict[str, str], read: Read, work: Work, profile: Any
) -> None:
    """It gives the outcome away and is not learned from; a grade that is none of the bank's is refused."""
    table = profile.book.drop_nulls("defaulted").drop("features_sha256", "enterprise")
    table = table.with_columns(mark=pl.when("defaulted").then(pl.lit("D")).otherwise(pl.lit("A")))

    def evaluated(key: str, **form: Any) -> Any:
        sent = {"table": (BytesIO(table.write_csv().encode()), "t.csv"), "label": "defaulted", "rating": "mark", **form}
        order = app.test_client().post(
            "/v1/evaluations",
            data={"folds": "2", "repeats": "1", **sent},
            headers={**headers, "Idempotency-Key": key},
        )
        work()
        return read(f"/v1/evaluations/{order.json['id']}").json if order.status_code == 202 else order

    result = evaluated("k1", grades=["A", "D"])["result"]
    assert result["rating"]["comparison"]["rating"] == 1.0
    assert result["auc"]["mean"] < 1.0
    assert any("rated D defaulted" in each["en"] for each in result["rating"]["told"])
    strange = evaluated("k2", grades=["A", "B"])
    assert "none of the grades" in strange["problem"]["detail"]
    assert evaluated("k3").status_code == 422
