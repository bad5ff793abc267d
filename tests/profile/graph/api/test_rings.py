"""Rings as their readers meet them: one's own hops in full, others' only where their files are open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from profile_house import House
from signal_books import HEADER, work_off

FIRMS = ("E1", "E2", "E3", "E4")
HIDDEN = {"shown": False, **dict.fromkeys(("seller", "buyer", "number", "date", "amount_fen", "times"))}


def circle(firms: Iterable[str], month: int, first: int = 50000) -> str:
    """Invoices from each firm to the next and back to the first, a day apart."""
    names = [*firms]
    return "".join(
        f"{name},9{month:02}{n:05},2020/{month}/{n + 1},{names[(n + 1) % len(names)]},"
        f"{first + n}.00,0.00,{first + n}.00,有效发票\n"
        for n, name in enumerate(names)
    )


@pytest.fixture
def told(cottage: House) -> House:
    """Return a house whose book holds one ring of four."""
    cottage.date_book("2020-06-30")
    cottage.follows = False
    cottage.send("invoices.sale", HEADER + circle(FIRMS, 2))
    return cottage


def consent(house: House, *firms: str) -> None:
    for firm in firms:
        house.consent(f"local:{firm}", fields=["graph"])


def ask(house: House, path: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = house.client.get(path, headers=headers or house.bank())
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def rings(house: House, firm: str, headers: dict[str, str] | None = None, query: str = "") -> dict[str, Any]:
    return ask(house, f"/v1/enterprises/local:{firm}/rings{query}", headers)


def reads(house: House, firm: str) -> list[str]:
    page = ask(house, f"/v1/enterprises/local:{firm}/accesses", house.owner(f"local:{firm}"))
    return [each["what"] for each in page["items"]]


def test_a_firm_reads_its_own_hops_and_of_the_others_that_they_are_there(told: House) -> None:
    """E1 sold to E2 and bought from E4; what E2 and E4 dealt with E3, and that it was E3, is not told."""
    found = rings(told, "E1", told.owner("local:E1"))
    [ring] = found["rings"]
    assert (ring["length"], ring["last_on"], found["count"], found["unsearched"]) == (4, "2020-02-04", 1, [])
    first, *hidden, last = ring["chain"]
    assert first == {
        "shown": True,
        "seller": "local:E1",
        "buyer": "local:E2",
        "number": "90200000",
        "date": "2020-02-01",
        "amount_fen": 5000000,
        "times": 1,
    }
    assert hidden == [HIDDEN, HIDDEN]
    assert (last["seller"], last["number"]) == ("local:E4", "90200003")
    assert "E3" not in str(found)


def test_a_bank_sees_the_hops_of_the_files_that_are_open_to_it_and_each_finds_the_read(told: House) -> None:
    consent(told, "E1")
    shown = [hop["shown"] for hop in rings(told, "E1")["rings"][0]["chain"]]
    consent(told, "E3")
    wider = [hop["shown"] for hop in rings(told, "E1")["rings"][0]["chain"]]
    assert (shown, wider) == ([True, False, False, True], [True, True, True, True])
    assert (reads(told, "E1"), reads(told, "E3"), reads(told, "E2")) == (["rings", "rings"], ["rings"], [])


def test_who_does_not_consent_and_who_is_in_no_book_cannot_be_told_apart_by_others(told: House) -> None:
    """Another ring that passes E1 by changes nothing of what E1 and its bank read."""
    consent(told, "E1")
    before = rings(told, "E1"), rings(told, "E1", told.owner("local:E1"))
    told.send("invoices.sale", HEADER + circle(("E2", "E3", "E5"), 3))
    after = rings(told, "E1"), rings(told, "E1", told.owner("local:E1"))
    assert [{**one, "known_at": None} for one in after] == [{**one, "known_at": None} for one in before]


def test_without_consent_to_the_graph_nothing_is_told(told: House) -> None:
    told.consent("local:E1")
    answer = told.client.get("/v1/enterprises/local:E1/rings", headers=told.bank())
    assert (answer.status_code, answer.json["type"].rpartition("/")[2]) == (403, "consent-required")


def test_a_bank_lists_the_rings_of_all_files_that_are_open_to_it(told: House) -> None:
    """Of another ring, whose firms consented to nobody, nothing is told, nor counted."""
    told.send("invoices.sale", HEADER + circle(("E5", "E6"), 3))
    consent(told, "E1", "E2")
    found = ask(told, "/v1/rings")
    assert [[hop["shown"] for hop in ring["chain"]] for ring in found["rings"]] == [[True, True, False, True]]
    assert (found["files"], found["count"], found["firms"]) == (
        2,
        1,
        [
            {"enterprise": firm, "rings": 1, "hops": 4, "amount_fen": fen, "last_on": "2020-02-04"}
            for firm, fen in (("local:E1", 5000000), ("local:E2", 5000100))
        ],
    )
    assert reads(told, "E1") == reads(told, "E2") == ["rings"]
    assert ask(told, "/v1/rings", told.bank(client="bank-2"))["rings"] == []


def test_a_past_moment_is_told_as_it_was(told: House) -> None:
    """As of a day before the last hop there is none; as known then, the same bytes after more is known."""
    owner = told.owner("local:E1")
    before = rings(told, "E1", owner)
    assert rings(told, "E1", owner, "?as_of=2020-02-03")["count"] == 0
    told.send("invoices.sale", HEADER + circle(("E1", "E2"), 3))
    assert rings(told, "E1", owner)["count"] == 4
    assert rings(told, "E1", owner, f"?known_at={before['known_at']}") == before


def test_what_was_taken_back_is_told_no_more_whatever_was_remembered(told: House) -> None:
    """The hops of a moment are remembered: an import that is taken back, or comes, makes another moment of it."""
    owner = told.owner("local:E1")
    other = told.send("invoices.sale", HEADER + circle(("E1", "E2"), 3))
    assert [rings(told, "E1", owner)["count"] for _ in range(2)] == [4, 4]
    told.client.post(f"/v1/imports/{other['id']}/withdraw", headers=told.source)
    work_off(told)
    assert rings(told, "E1", owner)["count"] == 1


def test_a_circle_by_a_firm_s_own_word_is_none(cottage: House) -> None:
    """E1 states what it bought from E2, which sold to nobody else's knowledge: it learns nothing of E2."""
    cottage.date_book("2020-06-30")
    cottage.follows = False
    cottage.send("invoices.sale", HEADER + circle(("E2", "E9"), 3))
    owner = cottage.owner("local:E1") | {"Idempotency-Key": "one"}
    cottage.send("invoices.sale", HEADER + circle(("E1", "E2"), 2).splitlines(keepends=True)[0])
    bought = {
        "direction": "purchase",
        "number": "77",
        "date": "2020-02-02",
        "counterparty": "E2",
        "net_fen": 5000100,
        "tax_fen": 0,
        "total_fen": 5000100,
        "status": "valid",
    }
    sent = cottage.client.post("/v1/enterprises/local:E1/invoices", json={"records": [bought]}, headers=owner)
    assert sent.status_code in {200, 201, 202}, sent.json
    cottage.worker.run_once()
    assert rings(cottage, "E1", cottage.owner("local:E1"))["count"] == 0
