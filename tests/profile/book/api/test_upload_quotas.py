"""How many bytes of files a client may send in a day, and have kept; what it reads of that, and how it is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from profile_house import HEADER, ROW, House
from sqlalchemy import func, select, update

from chassis.core.settings import SettingsError
from services.profile.book import tables
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


@pytest.mark.parametrize("name", ["PROFILE_UPLOADS_A_DAY_MIB", "PROFILE_UPLOADS_KEPT_MIB"])
def test_a_quota_of_nothing_is_no_setting(monkeypatch: pytest.MonkeyPatch, name: str) -> None:

    monkeypatch.setenv(name, "0")
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment()
