"""How many bytes of files a client may send in a day, and have kept; what it reads of that, and how it is refused."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from time import sleep
from typing import Any

import pytest
from profile_house import HEADER, ROW, House, open_house
from sqlalchemy import func, select, update

from chassis.core.identity import Verifier
from chassis.core.settings import SettingsError
from chassis.data import jobs
from services.profile.book import tables
from services.profile.book.usecases import allow as allowing
from services.profile.book.usecases import receive as receiving
from services.profile.settings import Settings

FILE = (HEADER + ROW).encode()
URL = "/v1/imports?kind=invoices.purchase"


def allow(house: House, *, a_day: int = 1 << 30, kept: int = 1 << 30) -> None:
    """Let a client send so many bytes a day, and have so many kept."""
    app = house.client.application
    settings = replace(house.context.settings, uploads_a_day=a_day, uploads_kept=kept)
    app.extensions["context"] = replace(house.context, settings=settings)


def imports(house: House) -> int:
    with house.context.database.read() as session:
        return session.scalar(select(func.count()).select_from(tables.Import)) or 0


def files(house: House) -> list[str]:
    return [file.name for file in house.context.uploads.list("")]


def test_a_client_reads_what_it_has_used_and_what_is_left(house: House) -> None:
    """Of today and of what is kept, in bytes, and when the next day begins."""
    allow(house, a_day=10_000, kept=50_000)
    assert house.client.post(URL, data=FILE, headers=house.source).status_code == 202
    told = house.client.get("/v1/imports/usage", headers=house.source).json
    assert told["today"] == {"used_bytes": len(FILE), "left_bytes": 10_000 - len(FILE), "limit_bytes": 10_000}
    assert told["kept"] == {"used_bytes": len(FILE), "left_bytes": 50_000 - len(FILE), "limit_bytes": 50_000}
    next_day = datetime.fromisoformat(told["next_day"])
    assert timedelta() < next_day - datetime.now(UTC) <= timedelta(days=1)
    assert (next_day + timedelta(hours=8)).strftime("%H:%M") == "00:00"


def test_more_than_a_days_bytes_are_refused_with_what_is_left(house: House) -> None:
    """429, when to come back, and nothing of the file stays."""
    allow(house, a_day=len(FILE) + 10)
    assert house.client.post(URL, data=FILE, headers=house.source).status_code == 202
    before = files(house)
    refused = house.client.post(URL, data=FILE, headers=house.source)
    assert refused.status_code == 429
    assert refused.json["type"] == "/problems/upload-quota-used-up"
    assert (refused.json["used_bytes"], refused.json["left_bytes"], refused.json["limit_bytes"]) == (
        len(FILE),
        10,
        len(FILE) + 10,
    )
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    assert (imports(house), files(house)) == (1, before)


def test_more_than_may_be_kept_is_refused(house: House) -> None:
    """413: to wait for tomorrow would not help."""
    allow(house, kept=len(FILE) * 2 - 1)
    assert house.client.post(URL, data=FILE, headers=house.source).status_code == 202
    refused = house.client.post(URL, data=FILE, headers=house.source)
    assert (refused.status_code, refused.json["type"]) == (413, "/problems/upload-space-used-up")
    assert refused.json["left_bytes"] == len(FILE) - 1


def test_a_body_that_announces_nothing_is_counted_as_it_comes(house: House) -> None:
    allow(house, a_day=len(FILE) - 1)
    headers = {**house.source, "Transfer-Encoding": "chunked"}
    refused = house.client.post(
        URL, data=FILE, headers=headers, content_length=None, environ_overrides={"wsgi.input_terminated": True}
    )
    assert refused.status_code == 429
    assert imports(house) == 0


def test_one_clients_files_are_not_anothers(house: House) -> None:
    allow(house, a_day=len(FILE))
    assert house.client.post(URL, data=FILE, headers=house.source).status_code == 202
    other = house.tokens(role="source", client="source-2", scopes="imports:write imports:read")
    assert house.client.post(URL, data=FILE, headers=other).status_code == 202


def test_the_next_day_begins_anew(house: House) -> None:
    """What was sent yesterday is kept still."""
    allow(house, a_day=len(FILE))
    assert house.client.post(URL, data=FILE, headers=house.source).status_code == 202
    with house.context.database.begin() as session:
        session.execute(update(tables.Import).values(created_at=datetime.now(UTC) - timedelta(days=1)))
    told = house.client.get("/v1/imports/usage", headers=house.source).json
    assert (told["today"]["used_bytes"], told["kept"]["used_bytes"]) == (0, len(FILE))
    assert house.client.post(URL, data=FILE, headers=house.source).status_code == 202


def test_what_is_sent_again_under_its_key_is_answered_whatever_is_left(house: House) -> None:
    allow(house, a_day=len(FILE))
    headers = house.source | {"Idempotency-Key": "once"}
    first = house.client.post(URL, data=FILE, headers=headers)
    again = house.client.post(URL, data=FILE, headers=headers)
    assert (again.status_code, again.json["id"]) == (202, first.json["id"])


def used(house: House) -> tuple[int, int]:
    """Return how many bytes a client has sent today, and how many are kept of it."""
    told = house.client.get("/v1/imports/usage", headers=house.source).json
    return told["today"]["used_bytes"], told["kept"]["used_bytes"]


class Untouched(io.BytesIO):
    """A body of which nobody reads a byte."""

    def read(self, *_: Any) -> bytes:
        pytest.fail("the body was read")

    readline = readinto = read1 = read  # type: ignore[assignment]


@pytest.mark.parametrize("mimetype", ["multipart/form-data; boundary=x", "application/octet-stream"])
def test_what_is_announced_is_looked_at_before_a_byte_is_read(house: House, mimetype: str) -> None:
    """A form too: to find its file is to read all of it."""
    allow(house, a_day=1 << 20)
    body = {"wsgi.input": Untouched(), "CONTENT_LENGTH": str(2 << 20)}
    refused = house.client.post(URL, headers=house.source, content_type=mimetype, environ_overrides=body)
    assert (refused.status_code, refused.json["type"]) == (429, "/problems/upload-quota-used-up")


def test_what_is_sent_again_under_its_key_counts_once(house: House) -> None:
    headers = house.source | {"Idempotency-Key": "once"}
    for _ in range(3):
        assert house.client.post(URL, data=FILE, headers=headers).status_code == 202
    assert used(house) == (len(FILE), len(FILE))


@pytest.mark.parametrize("announced", [True, False])
def test_a_used_key_is_no_way_round_the_allowance(
    house: House, announced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more than came under it before is taken to the disk."""
    monkeypatch.setattr(receiving, "CHUNK", 1 << 10)
    headers = house.source | {"Idempotency-Key": "once"}
    assert house.client.post(URL, data=FILE, headers=headers).status_code == 202
    before, more = files(house), io.BytesIO(FILE * 10_000)
    body = {"wsgi.input": more, "CONTENT_LENGTH": str(len(FILE) * 10_000)}
    if not announced:
        body |= {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    refused = house.client.post(URL, headers=headers, environ_overrides=body)
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/idempotency-key-reused")
    assert more.tell() <= (0 if announced else 1 << 16)
    assert (files(house), used(house)) == (before, (len(FILE), len(FILE)))


@pytest.fixture
def palace(postgresql_url: str, tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> House:
    """Return the service on PostgreSQL: SQLite has one writer at a time."""
    return open_house(postgresql_url, tmp_path, verifier, tokens)


def at_once(house: House, monkeypatch: pytest.MonkeyPatch, keys: list[str | None]) -> list[Any]:
    """Send as many files, all of which are on disk before the first is held against what is left."""
    keep, told, together = receiving._keep, allowing.allowance, Barrier(len(keys), timeout=60)

    def kept(*asked: Any) -> Any:
        found = keep(*asked)
        together.wait()
        return found

    def slowly(*asked: Any) -> Any:
        found = told(*asked)
        sleep(0.3)  # whoever does not wait has looked by then
        return found

    monkeypatch.setattr(receiving, "_keep", kept)
    monkeypatch.setattr(allowing, "allowance", slowly)

    def send(key: str | None) -> Any:
        headers = house.source | ({"Idempotency-Key": key} if key else {})
        return house.client.application.test_client().post(URL, data=FILE, headers=headers)

    with ThreadPoolExecutor(len(keys)) as pool:
        return list(pool.map(send, keys))


def test_uploads_at_once_do_not_exceed_the_allowance_together(palace: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many are taken as there is room for; of the others nothing stays."""
    allow(palace, a_day=len(FILE) * 2 + 1)
    answers = at_once(palace, monkeypatch, [None] * 4)
    assert sorted(one.status_code for one in answers) == [202, 202, 429, 429]
    assert used(palace) == (len(FILE) * 2, len(FILE) * 2)
    assert len(files(palace)) == 2


def test_one_file_sent_at_once_under_one_key_is_one(palace: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there is room for one: the others are told its import, and not that too much came."""
    allow(palace, a_day=len(FILE))
    answers = at_once(palace, monkeypatch, ["once"] * 3)
    assert [one.status_code for one in answers] == [202] * 3
    assert len({one.json["id"] for one in answers}) == 1
    assert (used(palace), len(files(palace))) == ((len(FILE), len(FILE)), 1)


TIES = "企业代号,关系类型,关联方\n"


@pytest.mark.parametrize("rows", ["E1,股东,王小明\n", "E1,股东,王小明,多余\n", ""], ids=["used", "rejected", "refused"])
def test_a_file_that_names_persons_is_kept_until_it_is_worked_off(house: House, rows: str) -> None:
    """It goes then, and is counted as sent that day; of other kinds a file stays."""
    file = (TIES + rows).encode()
    assert house.client.post("/v1/imports?kind=relations", data=file, headers=house.source).status_code == 202
    assert used(house) == (len(file), len(file))
    house.worker.run_once()
    assert used(house) == (len(file), 0)
    house.send("invoices.purchase", FILE)
    assert used(house) == (len(file) + len(FILE), len(FILE))


def test_a_file_that_names_persons_and_whose_job_broke_off_is_kept(house: House) -> None:
    """It lies there still."""
    file = (TIES + "E1,股东,王小明\n").encode()
    assert house.client.post("/v1/imports?kind=relations", data=file, headers=house.source).status_code == 202
    with house.context.database.begin() as session:
        failed = {"state": jobs.FAILED, "problem": {"status": 500}, "finished_at": datetime.now(UTC)}
        session.execute(update(jobs.TABLE).values(**failed))
    assert used(house) == (len(file), len(file))


@pytest.mark.parametrize("name", ["PROFILE_UPLOADS_A_DAY_MIB", "PROFILE_UPLOADS_KEPT_MIB"])
def test_a_quota_of_nothing_is_no_setting(monkeypatch: pytest.MonkeyPatch, name: str) -> None:

    monkeypatch.setenv(name, "0")
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment()
