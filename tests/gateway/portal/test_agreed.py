"""Terms agreed on the pages, over the real matching service: the bank offers, the firm accepts what it was shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from matching_door import MatchingDoor, matching_door
from portal_site import VISITORS

from chassis.core.identity import Verifier
from gateway.portal import Ask
from gateway.portal.applications import KNOWN_TERMS

SignedIn = Callable[..., FlaskClient]
ORIGIN = {"Origin": "http://localhost"}
TERMS = {"amount": "400,000", "months": "12", "rate": "4.3512", "expires_on": "", "reason": ""}
FIELD = re.compile(r'name="(nonce|seen)" value="([^"]+)"')


@pytest.fixture
def door(tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> Iterator[MatchingDoor]:
    """Return the door to a real matching service."""
    made = matching_door(tmp_path, verifier, tokens)
    yield made
    made.app.extensions["database"].dispose()


@pytest.fixture
def bank(signed_in: SignedIn) -> FlaskClient:
    """Return the bank's clerk."""
    return signed_in("smc_bank", "en")


@pytest.fixture
def firm(signed_in: SignedIn) -> FlaskClient:
    """Return the firm."""
    return signed_in("smc_firm", "en")


@pytest.fixture
def opened(firm: FlaskClient) -> str:
    """Return the page of an application that the firm handed in from its match."""
    order = {"match": "mat_1", "product": "p1", "nonce": "n"}
    answer = firm.post("/portal/applications", data=order, headers=ORIGIN)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"]).partition("?")[0]


def make(
    client: FlaskClient, page: str, event: str, seen: dict[str, str] | None = None, **form: str
) -> tuple[int, str]:
    """Make a move with what its page holds now, or held when it was `seen`; return the status and the page."""
    hidden = seen or looked(client, page)
    answer = client.post(f"{page}/{event}", data={**hidden, **form}, headers=ORIGIN)
    shown = client.get(answer.headers["Location"]) if answer.status_code == 303 else answer
    return answer.status_code, shown.text


def looked(client: FlaskClient, page: str) -> dict[str, str]:
    """Return the hidden fields of a page as it stands."""
    return dict(FIELD.findall(client.get(page).text))


def test_a_firm_applies_a_bank_offers_and_the_firm_accepts(bank: FlaskClient, firm: FlaskClient, opened: str) -> None:
    """To the last decimal of the rate, until the money is paid out."""
    assert "Tax invoice loan" in bank.get("/portal/applications").text
    assert make(bank, opened, "review")[0] == 303
    assert make(bank, opened, "offer", **TERMS)[0] == 303
    shown = firm.get(opened).text
    for said in ("¥400,000.00", "4.3512%", "Payment in the first month", "Offer 1"):
        assert said in shown
    status, accepted = make(firm, opened, "accept", offer="1", agreed="yes")
    assert (status, "entered in the agreement ledger" in accepted) == (303, True)
    status, paid = make(bank, opened, "disburse", drawn="400,000")
    assert (status, "The payout is recorded" in paid) == (303, True)


def test_nothing_that_is_agreed_is_unknown_to_the_page(bank: FlaskClient, door: MatchingDoor, opened: str) -> None:
    """A member that the service adds to the document has to be shown to who accepts it."""
    make(bank, opened, "offer", **TERMS)
    name = opened.rpartition("/")[2]
    told = door.call(VISITORS["smc_firm"], Ask("GET", f"/applications/{name}")).data
    assert set(told["offers"][0]["document"]) - KNOWN_TERMS == set()


def test_another_offer_than_the_one_that_was_read_is_not_accepted(
    bank: FlaskClient, firm: FlaskClient, opened: str
) -> None:
    """The firm is told which stands, reads that one, and accepts it."""
    make(bank, opened, "offer", **TERMS)
    before = looked(firm, opened)
    make(bank, opened, "offer", **TERMS | {"rate": "5"})
    status, told = make(firm, opened, "accept", before, offer="1", agreed="yes")
    assert status == 409
    assert "You accepted offer 1, but offer 2 stands now. Nothing was accepted" in told
    assert "Offer accepted" not in firm.get(opened).text
    assert make(firm, opened, "accept", offer="2", agreed="yes")[0] == 303


def test_of_two_clerks_at_once_the_second_is_told(bank: FlaskClient, opened: str) -> None:
    """What the first offered stands; the second sees it and decides anew."""
    before = looked(bank, opened)
    make(bank, opened, "offer", **TERMS)
    status, told = make(bank, opened, "offer", {**before, "nonce": "other"}, **TERMS | {"rate": "5"})
    assert status == 412
    assert "has changed since you opened the page" in told
    assert "4.3512%" in told
    assert 'id="offer-2"' not in told


def test_a_double_click_is_one_offer(bank: FlaskClient, opened: str) -> None:
    before = looked(bank, opened)
    answers = [make(bank, opened, "offer", before, **TERMS)[0] for _ in range(2)]
    assert answers == [303, 303]
    assert 'id="offer-2"' not in bank.get(opened).text


@pytest.mark.parametrize(
    ("change", "found", "needed"),
    [
        ({"amount": "600,000"}, "¥600,000.00", "from ¥10,000.00 to ¥500,000.00"),
        ({"months": "24"}, "24 months", "from 3 months to 12 months"),
        ({"rate": "12"}, "12.00%", "from 3.50% to 9.00%"),
        ({"expires_on": "2999-01-01"}, "1 January 2999", "it must lie from"),
    ],
)
def test_an_offer_out_of_bounds_comes_back_with_found_and_needed(
    bank: FlaskClient, opened: str, change: dict[str, str], found: str, needed: str
) -> None:
    """Beside its field, with what was typed."""
    status, told = make(bank, opened, "offer", **TERMS | change)
    [(name, typed)] = change.items()
    error = told.partition(f'id="offer-{name}-error">')[2].partition("</p>")[0]
    assert status == 422
    assert found in re.sub("<[^>]+>", "", error)
    assert needed in re.sub("<[^>]+>", "", error)
    assert f'value="{typed}"' in told


def test_the_ways_that_end_an_application_say_what_is_lost(bank: FlaskClient, firm: FlaskClient, opened: str) -> None:
    """A reason is needed to decline, and the firm reads it."""
    assert make(bank, opened, "decline", reason=" ")[0] == 422
    assert make(bank, opened, "decline", reason="The line is used up.")[0] == 303
    told = firm.get(opened).text
    assert "The line is used up." in told
    status, refused = make(firm, opened, "withdraw", {"nonce": "n"})
    assert (status, "The application is “Declined” now" in refused) == (409, True)


def test_the_same_need_handed_in_again_is_found_and_another_is_refused(firm: FlaskClient, opened: str) -> None:
    again = {"match": "mat_1", "product": "p1", "nonce": "m"}
    answer = firm.post("/portal/applications", data=again, headers=ORIGIN)
    assert answer.headers["Location"] == f"{opened}?did=existing"
    more = {**again, "paper": (BytesIO(b"scan"), "licence.pdf")}
    refused = firm.post("/portal/applications", data=more, headers=ORIGIN)
    assert refused.status_code == 409
    assert "with another need or other papers" in refused.text
    assert f'href="{opened}"' in refused.text
