"""Disputes over HTTP: marked in every read, both views while open, decided with an answer, corrected for everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from documented import figure_of, file_reads, moment_of
from profile_house import HEADER, House

from chassis.core.identity import Caller
from services.profile.book import snapshots, state_store
from services.profile.book.context import Context
from services.profile.book.departures import depart
from services.profile.book.domain.departure import Cause, Departure, name_of
from services.profile.book.domain.public_record import DATASET
from services.profile.portrait.domain.crosscheck import rules
from services.profile.rights.domain.dispute import Reason, RecordNotFound
from services.profile.rights.usecases.dispute import Wish, item_of, open_dispute, remind

# A list of statements, in which nothing of ours has a place but comments.
BODS = "/relations.bods"
FILE = "/v1/enterprises/E1"
SALES = HEADER.replace("销方单位代号", "购方单位代号")
WORDS = "The invoice was never issued by us."
REPLY = "We compared it with the tax office's copy; your copy is right."


def stock(house: House) -> House:
    """Give a house two invoices of one firm, read by one bank."""
    rows = [f"E1,{n},2019/{n}/4,A1,{n}00.00,13.00,{n}13.00,有效发票\n" for n in (1, 2)]
    house.send("invoices.sale", SALES + "".join(rows))
    house.consent()
    assert features(house, house.bank())["values"]["sales_12m"] == 30_000
    return house


@pytest.fixture
def stocked(furnished: Callable[[Callable[[House], Any]], House]) -> House:
    return furnished(stock)


@pytest.fixture
def stocked_everywhere(house: House) -> House:
    """Return it on SQLite and on PostgreSQL."""
    return stock(house)


def post(house: House, path: str, body: Any, headers: dict[str, str], key: str | None = None) -> Any:
    return house.client.post(path, json=body, headers=headers | {"Idempotency-Key": key or str(uuid4())})


def features(house: House, headers: dict[str, str] | None = None, moment: str = "") -> Any:
    answer = house.client.get(f"{FILE}/features{moment}", headers=headers or house.owner())
    assert answer.status_code == 200, answer.json
    return answer.json


def record(house: House, number: str = "1") -> str:
    items = house.client.get(f"{FILE}/evidence?feature=sales_36m", headers=house.owner()).json["items"]
    return next(str(each["name"]) for each in items if each["record"]["number"] == number)


def dispute(house: House, **said: Any) -> Any:
    item = {"kind": "invoices", "record": record(house)}
    body = {"item": item, "reason": "not-ours", "statement": WORDS, **said}
    return post(house, "/v1/disputes", body, house.owner())


def decide(house: House, dispute_id: str, decision: str, correction: str | None = None) -> Any:
    body = {"decision": decision, "reply": REPLY, "correction": correction}
    return post(house, f"/v1/disputes/{dispute_id}/decision", body, house.operator)


def notices(house: House, headers: dict[str, str]) -> list[str]:
    return [each["event"] for each in house.client.get("/v1/notices", headers=headers).json["items"]]


@pytest.mark.parametrize("path", [path for path in file_reads() if path != BODS])
def test_every_read_is_marked_from_the_answer_on(stocked: House, path: str) -> None:
    """The bank's next read tells which item is disputed and what the firm says, whatever was computed before."""
    opened = dispute(stocked).json
    place = path.format(rule=rules()[0].key, dimension="operation", record=stocked.invoice())
    asked = figure_of(path) | moment_of(path)
    found = stocked.client.get(f"{FILE}{place}", query_string=asked, headers=stocked.owner()).json
    (mark,) = found["disputes"]
    assert (mark["dispute"], mark["state"], mark["statement"]) == (opened["id"], "open", WORDS)


def test_in_the_words_of_a_standard_a_mark_is_a_comment_on_the_firms_own_statement(stocked: House) -> None:
    dispute(stocked)
    firm, *_ = stocked.client.get(f"{FILE}{BODS}", headers=stocked.owner()).json
    assert any(WORDS in comment["description"] for comment in firm["annotations"])


def test_a_banks_read_of_the_features_is_marked_too(stocked: House) -> None:
    dispute(stocked)
    assert [mark["reason"] for mark in features(stocked, stocked.bank())["disputes"]] == ["not-ours"]


def test_while_it_is_open_the_features_come_with_and_without_the_item(stocked: House) -> None:
    """100 of 300 yuan are disputed: both views are shown, and nothing is decided by showing them."""
    dispute(stocked)
    found = features(stocked, stocked.bank())
    assert (found["values"]["sales_12m"], found["undisputed"]["values"]["sales_12m"]) == (30_000, 20_000)
    assert found["features_sha256"] != found["undisputed"]["features_sha256"]


def test_the_very_record_is_marked_in_the_evidence(stocked: House) -> None:
    opened = dispute(stocked).json
    found = stocked.client.get(f"{FILE}/evidence?feature=sales_36m", headers=stocked.owner()).json
    assert {each["record"]["number"]: each["dispute"] for each in found["items"]} == {"1": opened["id"], "2": None}


def test_a_description_is_disputed_by_its_field(stocked: House) -> None:
    item = {"kind": "enterprise", "field": "industry"}
    opened = dispute(stocked, item=item).json
    assert (opened["item"]["field"], opened["before"]) == ("industry", {"industry": None})


@pytest.mark.parametrize(
    ("item", "status"),
    [
        ({"kind": "invoices", "record": "rec_" + "0" * 32}, 404),
        ({"kind": "invoices", "record": "first"}, 422),
        ({"kind": "invoices"}, 422),
        ({"kind": "enterprise", "field": "industry", "record": "rec_" + "0" * 32}, 422),
        ({"kind": "weather", "record": "rec_" + "0" * 32}, 422),
    ],
)
def test_what_is_not_in_the_file_cannot_be_disputed(stocked: House, item: dict[str, str], status: int) -> None:
    assert dispute(stocked, item=item).status_code == status


def test_an_item_has_one_open_dispute(stocked_everywhere: House) -> None:
    dispute(stocked_everywhere)
    assert (dispute(stocked_everywhere).status_code, dispute(stocked_everywhere).json["type"]) == (
        409,
        "/problems/already-disputed",
    )


def test_the_same_key_opens_one_dispute(stocked_everywhere: House) -> None:
    body = {"item": {"kind": "invoices", "record": record(stocked_everywhere)}, "reason": "other", "statement": WORDS}
    answers = [post(stocked_everywhere, "/v1/disputes", body, stocked_everywhere.owner(), key="once") for _ in range(3)]
    assert len({each.json["id"] for each in answers}) == 1


def test_a_removal_takes_the_record_out_of_what_is_said_from_now_on(stocked_everywhere: House) -> None:
    """What was said before can still be explained: the file as known then is the file of then."""
    before = features(stocked_everywhere)
    decided = decide(stocked_everywhere, dispute(stocked_everywhere).json["id"], "corrected", "removed")
    assert (decided.status_code, decided.json["state"], decided.json["reply"]) == (200, "corrected", REPLY)
    after = features(stocked_everywhere, stocked_everywhere.bank())
    assert (after["values"]["sales_12m"], after["disputes"], after["undisputed"]) == (20_000, [], None)
    moment = before["known_at"].replace("+", "%2B")
    assert features(stocked_everywhere, moment=f"?known_at={moment}")["values"] == before["values"]


def test_a_removed_record_does_not_come_back_with_the_same_file(stocked: House) -> None:
    decide(stocked, dispute(stocked).json["id"], "corrected", "removed")
    stocked.send("invoices.sale", SALES + "E1,1,2019/1/4,A1,100.00,13.00,113.00,作废发票\n")
    assert features(stocked)["values"]["sales_12m"] == 20_000


def test_a_correction_is_told_to_everybody_who_read_the_file_in_the_last_year(stocked_everywhere: House) -> None:
    """Also where the consent has ended since, and not to a bank that never read it."""
    (consent,) = stocked_everywhere.client.get("/v1/consents", headers=stocked_everywhere.owner()).json["items"]
    assert (
        post(stocked_everywhere, f"/v1/consents/{consent['id']}/revoke", None, stocked_everywhere.owner()).status_code
        == 200
    )
    decide(stocked_everywhere, dispute(stocked_everywhere).json["id"], "corrected", "removed")
    assert notices(stocked_everywhere, stocked_everywhere.bank()) == ["file-corrected"]
    assert notices(stocked_everywhere, stocked_everywhere.bank(client="bank-2")) == []
    assert notices(stocked_everywhere, stocked_everywhere.owner()) == ["dispute-decided"]


def test_a_notice_is_acknowledged_by_its_reader_only(stocked: House) -> None:
    decide(stocked, dispute(stocked).json["id"], "corrected", "removed")
    (notice,) = stocked.client.get("/v1/notices", headers=stocked.bank()).json["items"]
    path = f"/v1/notices/{notice['id']}/acknowledge"
    assert stocked.client.post(path, headers=stocked.bank(client="bank-2")).status_code == 404
    assert stocked.client.post(path, headers=stocked.bank()).json["acknowledged_at"] is not None
    assert stocked.client.get("/v1/notices?open=true", headers=stocked.bank()).json["items"] == []


def test_an_item_is_restated_by_its_source_before_that_decides_anything(stocked: House) -> None:
    opened = dispute(stocked).json
    assert decide(stocked, opened["id"], "corrected", "restated").json["type"] == "/problems/not-restated"
    stocked.send("invoices.sale", SALES + "E1,1,2019/1/4,A1,100.00,13.00,113.00,作废发票\n")
    assert decide(stocked, opened["id"], "corrected", "restated").status_code == 200
    assert features(stocked)["values"]["sales_12m"] == 20_000


def test_a_confirmed_item_loses_its_mark(stocked: House) -> None:
    decide(stocked, dispute(stocked).json["id"], "confirmed")
    found = features(stocked)
    assert (found["values"]["sales_12m"], found["disputes"]) == (30_000, [])


def test_where_neither_can_be_shown_both_views_stay_on_record(stocked: House) -> None:
    decide(stocked, dispute(stocked).json["id"], "unresolved")
    found = features(stocked, stocked.bank())
    assert [mark["state"] for mark in found["disputes"]] == ["unresolved"]
    assert found["undisputed"]["values"]["sales_12m"] == 20_000


def test_a_dispute_is_decided_once(stocked: House) -> None:
    opened = dispute(stocked).json
    decide(stocked, opened["id"], "confirmed")
    assert decide(stocked, opened["id"], "corrected", "removed").json["type"] == "/problems/dispute-ended"


def test_a_decision_without_its_correction_is_refused(stocked: House) -> None:
    opened = dispute(stocked).json
    assert decide(stocked, opened["id"], "corrected").json["type"] == "/problems/decision-incomplete"


def test_a_firm_takes_its_dispute_back(stocked: House) -> None:
    opened = dispute(stocked).json
    taken = post(stocked, f"/v1/disputes/{opened['id']}/withdraw", None, stocked.owner())
    assert (taken.json["state"], features(stocked)["disputes"]) == ("withdrawn", [])


def test_a_view_on_record_is_taken_back_too(stocked: House) -> None:
    opened = dispute(stocked).json
    decide(stocked, opened["id"], "unresolved")
    assert post(stocked, f"/v1/disputes/{opened['id']}/withdraw", None, stocked.owner()).status_code == 200
    assert features(stocked)["disputes"] == []


def test_a_file_cannot_be_papered_over_with_disputes(stocked: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.profile.rights.usecases.dispute.MOST_OPEN", 1)
    dispute(stocked)
    item = {"kind": "invoices", "record": record(stocked, "2")}
    assert dispute(stocked, item=item).json["type"] == "/problems/too-many-disputes"


def test_others_do_not_find_a_dispute(stocked: House) -> None:
    opened = dispute(stocked).json
    for headers in (stocked.owner("local:E2"), stocked.bank()):
        assert stocked.client.get(f"/v1/disputes/{opened['id']}", headers=headers).status_code == 404


def days_later(house: House, days: int) -> Context:
    later = datetime.now(UTC) + timedelta(days=days)
    return replace(house.context, now=lambda: later)


def test_the_operator_is_reminded_as_the_term_runs_out(stocked: House) -> None:
    """Once at each step, and the firm hears it where the term is over."""
    dispute(stocked)
    for days, due in ((1, 0), (11, 1), (12, 0), (16, 1), (21, 1), (30, 0)):
        assert remind(days_later(stocked, days)) == due, days
    told = notices(stocked, stocked.operator)
    assert told == ["dispute-overdue", "dispute-due", "dispute-due", "dispute-opened"]
    assert notices(stocked, stocked.owner()) == ["dispute-overdue"]


def test_each_act_is_an_entry_of_the_ledger(stocked: House) -> None:
    """With public ids only: the record's name stands in it as a salted digest."""
    name = record(stocked)
    decide(stocked, dispute(stocked).json["id"], "corrected", "removed")
    entries = stocked.client.get("/v1/ledger/entries", headers=stocked.owner()).json["items"]
    said = {orjson.loads(each["leaf"])["kind"] for each in entries}
    assert {"dispute-opened", "dispute-decided"} <= said
    assert name not in str(entries)


def test_a_stored_answer_of_before_is_not_given_after(stocked_everywhere: House) -> None:
    """A computation that began before the dispute and is stored after it does not hide the mark."""
    with stocked_everywhere.context.database.read() as session:
        revised = snapshots.revisions(session, ["local:E1"])
        state = state_store.book(session)
    body = stocked_everywhere.client.get(f"{FILE}/features", headers=stocked_everywhere.owner()).data
    dispute(stocked_everywhere)
    with stocked_everywhere.context.database.begin() as session:
        as_of = datetime.fromisoformat("2019-02-04").date()
        snapshots.keep_snapshots(
            session, {"local:E1": body}, as_of, features(stocked_everywhere)["catalogue"], state.lake_version, revised
        )
    assert len(features(stocked_everywhere)["disputes"]) == 1


def test_scoring_is_told_whose_scores_to_give_anew(stocked: House) -> None:
    """From the last correction on that it knows; the enterprise itself had no score."""
    service = stocked.tokens(role="service", client="scoring", scopes="enterprises:read")
    assert stocked.client.get("/v1/notices-since", headers=service).json == {"items": [], "last": None}
    opened = dispute(stocked).json
    decide(stocked, opened["id"], "corrected", "removed")
    told = stocked.client.get("/v1/notices-since?after=", headers=service).json["items"]
    (one,) = [each for each in told if each["event"] == "file-corrected"]
    assert (one["client"], one["enterprise"], one["act"]) == ("bank-1", "local:E1", opened["id"])
    assert stocked.client.get(f"/v1/notices-since?after={one['id']}", headers=service).json["last"] == told[-1]["id"]


def test_a_firm_is_told_under_its_address_and_an_operator_in_the_portal_alone(stocked: House) -> None:
    """What matching forwards to every client of the firm; nobody's client is named by it."""
    service = stocked.tokens(role="service", client="matching", scopes="enterprises:read")
    assert decide(stocked, dispute(stocked).json["id"], "confirmed").status_code == 200
    told = stocked.client.get("/v1/notices-since?after=", headers=service).json["items"]
    assert "enterprise:local:E1" in [each["client"] for each in told if each["event"] == "dispute-decided"]
    assert not [each for each in told if each["client"].startswith("role:")]


def test_nobody_else_lists_corrections(stocked: House) -> None:
    assert stocked.client.get("/v1/notices-since", headers=stocked.bank()).status_code == 403


PENALTY = "record,enterprise,number,authority,date,published_on\npenalty,E1,P-1,局,2026-02-01,2026-02-10\n"


def penalised(house: House) -> dict[str, str]:
    """Give the firm a penalty, and return the item that a dispute names."""
    house.send("public-records", PENALTY)
    name = name_of(DATASET, {"enterprise": "local:E1", "record": "penalty", "number": "P-1"})
    return {"kind": "public-records", "record": name}


def test_a_removal_ends_the_measures_that_rest_on_the_record(stocked: House) -> None:
    """What was done for the sake of a record that is not true cannot stand."""
    item = penalised(stocked)
    bases = stocked.client.get("/v1/measure-bases", headers=stocked.operator).json["items"]
    basis = next(each for each in bases if each["list"] == "black" and not each["in_force_until"])
    starts, ends = ((datetime.now(UTC) + timedelta(days=days)).date().isoformat() for days in (0, 30))
    measure = {"enterprise": "E1", "list": "black", "basis": basis["key"], "scope": basis["measures"][:1]}
    measure |= {"authority": "局", "document": "D", "starts_on": starts, "expires_on": ends, "record": "P-1"}
    assert post(stocked, "/v1/measures", measure, stocked.operator).status_code == 201
    decide(stocked, dispute(stocked, item=item).json["id"], "corrected", "removed")
    assert stocked.client.get(f"{FILE}/measures", headers=stocked.owner()).json["items"] == []


def test_a_removal_ends_the_view_that_was_left_on_record_before(stocked: House) -> None:
    decide(stocked, dispute(stocked).json["id"], "unresolved")
    again = dispute(stocked).json["id"]
    assert decide(stocked, again, "corrected", "removed").json["reply"] == REPLY
    assert features(stocked)["disputes"] == []


def test_what_a_firm_says_against_its_file_stands_in_its_own_list_alone(stocked: House) -> None:
    """A list opens no file, and the firm's words are part of one."""
    dispute(stocked)
    told = [
        stocked.client.get("/v1/enterprises", headers=headers).json["items"][0]["disputes"]
        for headers in (stocked.source, stocked.bank(), stocked.operator, stocked.owner())
    ]
    assert [len(each) for each in told] == [0, 0, 0, 1]


def test_what_has_left_meanwhile_cannot_be_disputed_any_more(stocked: House) -> None:
    """The item was found before the transaction that opens the dispute; a repair came between."""
    found = penalised(stocked)
    context, name = stocked.context, found["record"]
    item = item_of(context, "local:E1", found["kind"], name, None)
    owner = Caller("local:E1", "enterprise", frozenset(), enterprise="local:E1")
    with context.database.begin() as session:
        depart(session, [Departure("local:E1", found["kind"], name)], Cause.REPAIRED, "act", context.now())
    wish = Wish(found["kind"], Reason.OTHER, WORDS, record=name)
    with context.database.begin() as session, pytest.raises(RecordNotFound):
        open_dispute(context, session, owner, wish, item)
