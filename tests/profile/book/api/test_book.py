"""The book's date over HTTP: the operator sets it, each version with who, when and why; no record moves it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import orjson
import pytest
from profile_house import HEADER, ROW, House
from sqlalchemy import select

from chassis.data import jobs
from chassis.data.ledger import store as ledger_store
from services.profile.book import state_store
from services.profile.book.usecases.touch import JOB as WATCH
from services.profile.standards.days import month_end_before

DATE = "/v1/book/date"
SALE = HEADER.replace("销方单位代号", "购方单位代号")


def put(house: House, day: str | None, *, by: dict[str, str] | None = None, meant: int | None = None) -> Any:
    headers = (by or house.operator) | ({} if meant is None else {"If-Match": f'"{meant}"'})
    return house.client.put(DATE, json={"date": day, "note": "year's end"}, headers=headers)


def invoice_of_today(house: House, firm: str = "E2") -> str:
    return f"{SALE}{firm},1,{house.context.today()},A1,1.00,0.00,1.00,有效发票\n"


def test_an_undated_book_is_read_as_of_the_last_month_that_is_over(house: House) -> None:
    """Whatever it holds: an archive of 2019, an invoice of today, or nothing."""
    house.follows = False
    ended = month_end_before(house.context.today()).isoformat()
    told = [house.book()]
    for file in (HEADER + ROW, invoice_of_today(house)):
        house.send("invoices.sale", file.replace("销方单位代号", "购方单位代号"))
        told.append(house.book())
    assert [(each["date"], each["dated"]) for each in told] == [(ended, False)] * 3
    assert [each["latest"] for each in told] == [None, "2019-01-04", house.context.today().isoformat()]
    found = house.client.get("/v1/enterprises/E1/features", headers=house.owner()).json
    assert found["as_of"] == ended


def test_the_operator_dates_the_book_and_no_file_moves_it(house: House) -> None:
    """Neither an invoice of today nor the end of one's import."""
    house.follows = False
    assert put(house, "2019-06-30").json["version"] == 1
    sent = house.send("invoices.sale", invoice_of_today(house))
    assert house.book()["date"] == "2019-06-30"
    house.client.post(f"/v1/imports/{sent['id']}/withdraw", headers=house.source)
    while house.worker.run_once():
        pass
    assert (house.book()["date"], house.book()["dated"], house.book()["latest"]) == ("2019-06-30", True, None)


@pytest.mark.parametrize("role", ["source", "bank", "platform", "enterprise", "service"])
def test_nobody_else_dates_it_whatever_their_scopes(cottage: House, role: str) -> None:
    """A token with the scope alone is not an operator's."""
    headers = cottage.tokens(role=role, client="c", scopes="book:write", enterprise="local:E1")
    assert put(cottage, "2019-06-30", by=headers).status_code == 403
    assert put(cottage, "2019-06-30", by=cottage.tokens(role="operator", scopes="imports:write")).status_code == 403
    assert cottage.book()["dated"] is False


def test_a_day_before_there_were_any_books_is_refused(cottage: House) -> None:
    """A slip of the year must not make every file empty."""
    assert put(cottage, "0202-06-30").status_code == 422
    assert cottage.book()["dated"] is False


def test_a_day_to_come_is_refused_and_so_is_saying_none(cottage: House) -> None:
    """Today is the last day; to leave the day out is not to say that the month counts."""
    today = cottage.context.today()
    refused = put(cottage, (today + timedelta(days=1)).isoformat())
    assert (refused.status_code, refused.json["date"]) == (422, (today + timedelta(days=1)).isoformat())
    assert cottage.client.put(DATE, json={}, headers=cottage.operator).status_code == 422
    assert put(cottage, today.isoformat()).status_code == 200


def test_each_version_tells_who_set_it_when_and_why_and_stands_in_the_ledger(house: House) -> None:
    """The same again is none; without a day the month counts again."""
    for day in ("2019-06-30", "2019-06-30", "2019-12-31", None):
        assert put(house, day).status_code == 200
    listed = house.client.get("/v1/book/dates", headers=house.bank()).json["items"]
    assert [(each["version"], each["date"]) for each in listed] == [(3, None), (2, "2019-12-31"), (1, "2019-06-30")]
    assert {(each["set_by"], each["note"]) for each in listed} == {("operator-1", "year's end")}
    assert all(datetime.fromisoformat(each["set_at"]) for each in listed)
    with house.context.database.read() as session:
        leaves = [orjson.loads(ledger_store.entry(session, n).leaf) for n in range(3)]
    assert [(leaf["kind"], leaf["facts"]) for leaf in leaves] == [
        ("book-dated", {"version": 1, "date": "2019-06-30"}),
        ("book-dated", {"version": 2, "date": "2019-12-31"}),
        ("book-dated", {"version": 3, "date": None}),
    ]


def test_whoever_read_an_older_version_is_told_so(cottage: House) -> None:
    """`If-Match` is the ETag that was read; that of a book never dated is 0."""
    assert cottage.client.get(DATE, headers=cottage.operator).headers["ETag"] == '"0"'
    assert put(cottage, "2019-06-30", meant=0).headers["ETag"] == '"1"'
    assert put(cottage, "2019-12-31", meant=0).status_code == 412
    assert put(cottage, "2019-12-31", meant=1).json["version"] == 2


def test_a_star_asks_nothing_of_what_a_get_always_shows(cottage: House) -> None:
    """`If-Match: *` was 400; a book that was never dated is shown as that."""
    dated = cottage.client.put(DATE, json={"date": "2019-06-30"}, headers=cottage.operator | {"If-Match": "*"})
    assert (dated.status_code, dated.json["version"]) == (200, 1)


def test_of_two_operators_at_once_one_is_told(house: House) -> None:
    """Both had read a book without a date; on an empty book, too, one comes first."""
    clients = [house.client.application.test_client() for _ in range(4)]
    days = [f"2019-0{n}-01" for n in range(1, 5)]

    def act(place: int) -> int:
        headers = house.operator | {"If-Match": '"0"'}
        return clients[place].put(DATE, json={"date": days[place]}, headers=headers).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(act, range(4)))
    assert sorted(statuses) == [200, 412, 412, 412]
    assert house.book()["date"] == days[statuses.index(200)]


def test_whoever_moves_the_book_on_leaves_its_date_alone(cottage: House) -> None:
    """An import that read the book before the operator dated it does not write the old day back."""
    cottage.send("invoices.purchase", HEADER + ROW)
    with cottage.context.database.begin() as session:
        state_store.move_book(session, replace(state_store.book(session), date=date(2000, 1, 1)))
    assert cottage.book()["date"] == "2019-01-04"


def test_with_a_new_date_every_firm_with_invoices_is_looked_at_anew(cottage: House) -> None:
    """Also one that no import touches any more."""
    cottage.follows = False
    for firm in ("E1", "E2"):
        cottage.send("invoices.purchase", HEADER + ROW.replace("E1", firm))
    while cottage.worker.run_once():
        pass
    put(cottage, "2019-06-30")
    with cottage.context.database.read() as session:
        waiting = session.execute(select(jobs.TABLE.c.kind, jobs.TABLE.c.payload).where(jobs.TABLE.c.state == "queued"))
        assert [(kind, payload["enterprises"]) for kind, payload in waiting] == [(WATCH.name, ["local:E1", "local:E2"])]


def test_a_warning_does_not_wait_for_the_end_of_a_month(cottage: House) -> None:
    """Signals of an undated book are those of today; of a dated one, those of its day."""
    cottage.follows = False
    cottage.send("invoices.purchase", HEADER + ROW)
    told = [cottage.client.get("/v1/enterprises/E1/signals", headers=cottage.owner()).json["as_of"]]
    put(cottage, "2019-06-30")
    told.append(cottage.client.get("/v1/enterprises/E1/signals", headers=cottage.owner()).json["as_of"])
    assert told == [cottage.context.today().isoformat(), "2019-06-30"]
