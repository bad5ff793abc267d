"""Imports over HTTP: counts that add up, problems that say what and where, nothing half done."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from profile_house import HEADER, ROW, House, counts
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from chassis.data import jobs
from chassis.data.jobs import JobState

REAL = Path(os.environ.get("SMECREDIT_REAL_DATA", Path(__file__).parents[5] / "shared" / "data")) / "cumcm2020c"
FIRMS = "企业代号,企业名称,信誉评级,是否违约\n"
SYNTHETIC = HEADER.replace("\n", ",synthetic\n")


def row(number: int, status: str = "有效发票", total: str = "113.00") -> str:
    return f"E1,{number},2019/1/4,A1,100.00,13.00,{total},{status}\n"


def test_an_import_is_taken_in_worked_off_and_counted(house: House) -> None:
    """received = accepted + duplicate + rejected, and the report names the rejected line."""
    done = house.send("invoices.purchase", HEADER + row(1) + row(1) + row(2, total="999") + row(3))
    assert (done["state"], done["problem"]) == ("done", None)
    assert counts(done) == (4, 2, 1, 1)
    assert house.rejects(done["id"]) == ["4,价税合计,999,net + tax is not the total / 金额与税额之和不等于价税合计"]
    assert house.book()["invoices"] == 2


def test_a_report_of_rejected_rows_is_sent_whole_whatever_part_is_asked_for(house: House) -> None:
    """A part would be a 206, which no document promises; only who has it already is spared it."""
    done = house.send("invoices.purchase", HEADER + row(1) + row(2, total="999"))
    url, headers = f"/v1/imports/{done['id']}/rejects", dict(house.source)
    whole = house.client.get(url, headers=headers)
    part = house.client.get(url, headers=headers | {"Range": "bytes=0-3"})
    again = house.client.get(url, headers=headers | {"If-None-Match": whole.headers["ETag"]})
    assert (part.status_code, part.data) == (200, whole.data)
    assert again.status_code == 304


def test_what_ends_while_it_is_read_is_done_with_its_counts_or_not_done(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL shows each statement what has been committed until then: no read tells done and no counts."""
    house.follows = False
    headers = house.source | {"Idempotency-Key": "once"}
    url = "/v1/imports?kind=invoices.purchase"
    sent = house.client.post(url, data=HEADER + row(1), headers=headers).json
    state = jobs.state

    def late(session: Session, job: str) -> JobState:
        house.worker.run_once()
        return state(session, job)

    monkeypatch.setattr(jobs, "state", late)
    told = house.client.get(f"/v1/imports/{sent['id']}", headers=house.source).json
    assert (told["state"], counts(told)) in [("done", (1, 1, 0, 0)), ("queued", (0, 0, 0, 0))]


def test_a_file_whose_commit_landed_unheard_is_there_for_its_job(
    cottage: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PostgreSQL that goes away in the commit: sent again under its key, the file is taken for the one before."""
    cottage.follows = False
    headers, url = cottage.source | {"Idempotency-Key": "once"}, "/v1/imports?kind=invoices.purchase"
    begin = cottage.context.database.begin

    @contextmanager
    def unheard() -> Iterator[Session]:
        with begin() as session:
            yield session
        raise OperationalError("COMMIT", {}, Exception("server closed the connection"), connection_invalidated=True)

    with monkeypatch.context() as patch:
        patch.setattr(cottage.context.database, "begin", unheard)
        assert cottage.client.post(url, data=HEADER + row(1), headers=headers).status_code == 503
    sent = cottage.client.post(url, data=HEADER + row(1), headers=headers).json
    assert cottage.worker.run_once()
    told = cottage.client.get(f"/v1/imports/{sent['id']}", headers=cottage.source).json
    assert (told["state"], counts(told)) == ("done", (1, 1, 0, 0))


def test_sending_the_same_file_again_only_finds_duplicates(house: House) -> None:
    """What the lake holds is not held twice."""
    house.send("invoices.purchase", HEADER + row(1) + row(2))
    assert counts(house.send("invoices.purchase", HEADER + row(1) + row(2) + row(3))) == (3, 1, 2, 0)


def test_a_later_status_is_a_new_version_and_the_old_one_stays(house: House) -> None:
    """Voiding an invoice changes what is known from then on, not what was known."""
    house.send("invoices.purchase", HEADER + row(1))
    before = house.book()["known_at"]
    assert counts(house.send("invoices.purchase", HEADER + row(1, "作废发票"))) == (1, 1, 0, 0)
    url = "/v1/enterprises/E1/features"
    now = house.client.get(url, headers=house.owner()).json
    then = house.client.get(url, query_string={"known_at": before}, headers=house.owner()).json
    assert then["features_sha256"] != now["features_sha256"]
    assert datetime.fromisoformat(then["known_at"]) == datetime.fromisoformat(before)


def test_the_two_directions_of_one_invoice_are_two_statements(cottage: House) -> None:
    """A purchase is no duplicate of a sale with the same figures."""
    cottage.send("invoices.purchase", HEADER + row(1))
    assert counts(cottage.send("invoices.sale", HEADER.replace("销方", "购方") + row(1))) == (1, 1, 0, 0)


def test_enterprises_and_their_outcomes_come_from_one_file(house: House) -> None:
    """A blank outcome is none, and a file again changes nothing."""
    file = FIRMS + "E1,甲 ,A,否\nE2,乙,D,是\nE3,丙,,\nE4,丁,X,否\n"
    assert counts(house.send("enterprises", file)) == (4, 3, 0, 1)
    assert counts(house.send("enterprises", file)) == (4, 0, 3, 1)
    assert house.client.get("/v1/enterprises/E1", headers=house.owner()).json["name"] == "甲"


def test_outcomes_reach_the_training_table(house: House) -> None:
    """The latest statement known counts."""
    house.send("invoices.purchase", HEADER + row(1))
    house.send("outcomes", "enterprise,defaulted,observed_on\nE1,false,2020-01-01\n")
    assert counts(house.send("outcomes", "enterprise,defaulted\nE1,true\n")) == (1, 1, 0, 0)
    house.consent(purposes=("model-training",))
    answer = house.client.post("/v1/feature-sets", json={"outcomes": True}, headers=house.bank("model-training"))
    assert pl.read_parquet(io.BytesIO(answer.data))["defaulted"].to_list() == [True]


@pytest.mark.parametrize(
    ("kind", "content", "problem"),
    [
        ("invoices.purchase", "a,b\n1,2\n", "wrong-columns"),
        ("invoices.purchase", HEADER, "empty-file"),
        ("invoices.purchase", "", "empty-file"),
        ("invoices.purchase", gzip.compress((HEADER + ROW * 900).encode(), mtime=0)[:-30], "unreadable-file"),
        ("workbook", HEADER + ROW, "unreadable-file"),
    ],
)
def test_a_file_that_cannot_be_used_fails_and_changes_nothing(
    house: House, kind: str, content: str | bytes, problem: str
) -> None:
    """The import is failed with its problem; the book is as it was."""
    before = house.book()
    failed = house.send(kind, content)
    assert (failed["state"], failed["problem"]["type"]) == ("failed", f"/problems/{problem}")
    assert counts(failed) == (0, 0, 0, 0)
    assert house.book() == before


def test_a_file_with_only_bad_rows_is_done_with_all_of_them_rejected(cottage: House) -> None:
    """Bad rows are an answer, not an error."""
    assert counts(cottage.send("invoices.purchase", HEADER + row(1, total="x"))) == (1, 0, 0, 1)
    assert cottage.book()["invoices"] == 0


def test_synthetic_and_real_data_never_share_a_book(house: House) -> None:
    """Neither across files nor within one."""
    house.send("invoices.purchase", SYNTHETIC + row(1).replace("\n", ",true\n"))
    assert house.book()["synthetic"] is True
    refused = house.send("invoices.purchase", HEADER + row(2))
    assert refused["problem"]["type"] == "/problems/synthetic-mixed"
    both = SYNTHETIC + row(3).replace("\n", ",true\n") + row(4).replace("\n", ",false\n")
    assert house.send("invoices.purchase", both)["problem"]["type"] == "/problems/synthetic-mixed"
    assert house.book()["invoices"] == 1


def test_an_idempotency_key_makes_one_import(house: House) -> None:
    """The same key and file give the same import; the same key and another file are refused."""
    headers = house.source | {"Idempotency-Key": "k"}
    url = "/v1/imports?kind=invoices.purchase"
    first = house.client.post(url, data=(HEADER + row(1)).encode(), headers=headers)
    again = house.client.post(url, data=(HEADER + row(1)).encode(), headers=headers)
    other = house.client.post(url, data=(HEADER + row(2)).encode(), headers=headers)
    assert first.json["id"] == again.json["id"]
    assert (other.status_code, other.json["type"]) == (422, "/problems/idempotency-key-reused")
    assert [file.name for file in house.context.uploads.list()] == [first.json["id"]]


def test_a_file_comes_as_a_form_part_as_well(cottage: House) -> None:
    """What a browser sends is the same file."""
    form = {"file": (io.BytesIO((HEADER + row(1)).encode()), "发票.csv")}
    sent = cottage.client.post("/v1/imports?kind=invoices.purchase", data=form, headers=cottage.source)
    cottage.worker.run_once()
    assert cottage.state(sent.json["id"])["accepted"] == 1
    assert sent.json["file"] == "发票.csv"


def test_another_client_does_not_see_an_import(cottage: House) -> None:
    """Imports are their sender's, and the operator's."""
    done = cottage.send("invoices.purchase", HEADER + row(1))
    url = f"/v1/imports/{done['id']}"
    assert cottage.client.get(url, headers=cottage.bank()).status_code == 404
    operator = cottage.tokens(role="operator", client="op", scopes="imports:read")
    assert cottage.client.get(url, headers=operator).status_code == 200


def test_an_unknown_kind_is_refused_with_the_known_ones(cottage: House) -> None:
    """The answer lists what can be sent."""
    answer = cottage.client.post("/v1/imports?kind=poems", data=b"x", headers=cottage.source)
    assert answer.json["type"] == "/problems/unknown-kind"
    assert "workbook" in answer.json["detail"]


def _real(house: House, kind: str, name: str) -> dict[str, Any]:
    return house.send(kind, (REAL / name).read_bytes(), name)


@pytest.mark.skipif(not REAL.is_dir(), reason="real data is not here; set SMECREDIT_REAL_DATA")
def test_the_official_workbook_comes_in_whole(house: House) -> None:
    """Three sheets, one import, counts for each."""
    done = _real(house, "workbook", "sample_12_firms.xlsx")
    assert counts(done) == (3775, 3775, 0, 0)
    assert [part["received"] for part in done["parts"]] == [12, 1515, 2248]
    assert house.book() | {"known_at": None} == {
        "date": "2020-02-21",
        "dated": True,
        "latest": "2020-02-21",
        "synthetic": False,
        "enterprises": 12,
        "invoices": 3763,
        "known_at": None,
    }


@pytest.mark.skipif(not REAL.is_dir(), reason="real data is not here; set SMECREDIT_REAL_DATA")
def test_the_real_book_comes_in_with_the_counts_that_a_plain_count_gives(cottage: House) -> None:
    """Every row of the real sales is accounted for; repeats are what comparing whole lines finds."""
    done = _real(cottage, "invoices.sale", "sales_invoices.csv.gz")
    lines = gzip.decompress((REAL / "sales_invoices.csv.gz").read_bytes()).decode().splitlines()[1:]
    different = len({line.replace(" ", "") for line in lines})
    assert counts(done) == (len(lines), different, len(lines) - different, 0)
