"""Terms are agreed, not overwritten: numbered offers within bounds, accepted by number, drawn within, provable."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
import rfc8785
from bank_products import a_product
from sqlalchemy import update

from chassis.core.moments import today
from chassis.data.ledger import store as ledger
from services.matching.context import Context
from services.matching.tables import Application, ApplicationOffer

SCOPES = "applications:write applications:read products:write products:read matches:write matches:read ledger:read"
NEED = {"amount_fen": 50_000_000, "months": 12}
TERMS = {"amount_fen": 40_000_000, "months": 12, "rate": 0.0435}
BETTER = {**TERMS, "rate": 0.0400}


class Deal:
    """A firm and a bank over one application."""

    def __init__(self, client: Any, tokens: Any, here: Context) -> None:
        self.client, self.here = client, here
        self.firm = tokens(role="enterprise", client="firm-1", enterprise="local:E1", scopes=SCOPES)
        self.bank = tokens(role="bank", client="bank-1", scopes=SCOPES)
        self.publish()
        self.id = self.hand_in().json["applications"][0]["id"]

    def publish(self, **changes: Any) -> None:
        answer = self.client.put("/v1/products/one", json=a_product(id="one", **changes), headers=self.bank)
        assert answer.status_code in (200, 201), answer.json

    def post(self, who: dict[str, str], path: str, body: Any) -> Any:
        return self.client.post(path, json=body, headers=who | {"Idempotency-Key": str(uuid4())})

    def hand_in(self, **said: Any) -> Any:
        order = {"enterprise": "local:E1", "products": ["one"], "need": NEED, **said}
        return self.post(self.firm, "/v1/applications", order)

    def bank_says(self, event: str, **said: Any) -> Any:
        return self.post(self.bank, f"/v1/applications/{self.id}/{event}", said)

    def firm_says(self, event: str, **said: Any) -> Any:
        return self.post(self.firm, f"/v1/applications/{self.id}/{event}", said)

    def read(self) -> Any:
        return self.client.get(f"/v1/applications/{self.id}", headers=self.firm).json

    def let_expire(self) -> None:
        """Let the last day of every offer be yesterday."""
        over = today() - timedelta(days=1)
        with self.here.database.begin() as session:
            for table in (Application, ApplicationOffer):
                session.execute(update(table).values(expires_on=over))


@pytest.fixture
def deal(client: Any, tokens: Any, here: Context) -> Deal:
    return Deal(client, tokens, here)


def slug(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["type"].rsplit("/", 1)[-1]


def test_an_offer_has_a_number_a_schedule_and_a_last_day(deal: Deal) -> None:
    """And the version of the product that the application came from."""
    assert deal.bank_says("offer", terms=TERMS).json["offer"] == 1
    (offer,) = deal.read()["offers"]
    document = offer["document"]
    assert (offer["number"], offer["state"], document["product_version"]) == (1, "open", 1)
    assert len(document["payments_fen"]) == 12
    assert sum(document["payments_fen"]) == TERMS["amount_fen"] + document["total_cost_fen"]
    assert document["rate"] == "0.0435"
    assert date.fromisoformat(offer["expires_on"]) == today() + timedelta(days=14)


@pytest.mark.parametrize(
    ("change", "needed"),
    [
        ({"amount_fen": 10**15}, {"least": 1_000_000, "most": 50_000_000}),
        ({"amount_fen": 50_000_001}, {"least": 1_000_000, "most": 50_000_000}),
        ({"amount_fen": 999_999}, {"least": 1_000_000, "most": 50_000_000}),
        ({"months": 600}, {"least": 3, "most": 12}),
        ({"months": 13}, {"least": 3, "most": 12}),
        ({"rate": 1.0}, {"least": 0.035, "most": 0.09}),
        ({"rate": 0.090001}, {"least": 0.035, "most": 0.09}),
        ({"rate": 0.0}, {"least": 0.035, "most": 0.09}),
    ],
)
def test_terms_outside_version_need_or_law_are_refused_with_found_and_needed(
    deal: Deal, change: dict[str, Any], needed: dict[str, Any]
) -> None:
    """The last fen and the last step of a rate count."""
    answer = deal.bank_says("offer", terms=TERMS | change)
    assert slug(answer) == (422, "terms-beyond")
    ((field, found),) = change.items()
    assert (answer.json["field"], answer.json["found"], answer.json["needed"]) == (field, found, needed)
    assert deal.read()["state"] == "submitted"


def test_the_law_binds_where_the_product_would_not(deal: Deal) -> None:
    """24 % a year, whatever cap a bank publishes."""
    deal.firm_says("withdraw")
    rate = a_product()["rate"]
    deal.publish(rate={**rate, "cap": 0.36})
    deal.id = deal.hand_in().json["applications"][0]["id"]
    answer = deal.bank_says("offer", terms=TERMS | {"rate": 0.36})
    assert (answer.status_code, answer.json["needed"]["most"]) == (422, 0.24)


@pytest.mark.parametrize("days", [-1, 91])
def test_an_offer_is_not_over_before_it_begins_nor_open_for_ever(deal: Deal, days: int) -> None:
    """Ninety days at most."""
    answer = deal.bank_says("offer", terms=TERMS, expires_on=(today() + timedelta(days=days)).isoformat())
    assert slug(answer) == (422, "expiry-beyond")
    assert deal.bank_says("offer", terms=TERMS, expires_on=today().isoformat()).status_code == 200


def test_neither_party_rewrites_what_was_offered_or_agreed(deal: Deal) -> None:
    """Terms come with an offer alone: with acceptance, payment or withdrawal they are refused."""
    deal.bank_says("offer", terms=TERMS)
    mine = {"amount_fen": 300_000_000, "months": 600, "rate": 0.0}
    assert slug(deal.firm_says("accept", offer=1, terms=mine)) == (422, "move-overstated")
    assert slug(deal.firm_says("withdraw", terms=mine)) == (422, "move-overstated")
    assert deal.firm_says("accept", offer=1).json["terms"] == TERMS
    worse = {"amount_fen": 1, "months": 1, "rate": 1.0}
    assert slug(deal.bank_says("disburse", drawn_fen=1, terms=worse)) == (422, "move-overstated")
    assert (deal.read()["terms"], deal.read()["state"]) == (TERMS, "accepted")


def test_a_firm_accepts_the_offer_that_it_has_read(deal: Deal) -> None:
    """A re-offer just before the acceptance binds it to nothing; the former offer is void, for all to see."""
    deal.bank_says("offer", terms=TERMS)
    deal.bank_says("offer", terms=BETTER)
    assert slug(deal.firm_says("accept")) == (422, "move-incomplete")
    passed = deal.firm_says("accept", offer=1)
    assert (*slug(passed), passed.json["found"], passed.json["needed"]) == (409, "offer-passed", 1, 2)
    assert [offer["state"] for offer in deal.read()["offers"]] == ["voided", "open"]
    assert deal.firm_says("accept", offer=2).json["terms"] == BETTER
    assert [offer["state"] for offer in deal.read()["offers"]] == ["voided", "accepted"]


def test_an_expired_offer_is_accepted_by_nobody(deal: Deal) -> None:
    """It shows as expired, is no move of the firm's, and the bank can offer anew."""
    deal.bank_says("offer", terms=TERMS)
    assert "accept" in deal.read()["moves"]
    deal.let_expire()
    assert slug(deal.firm_says("accept", offer=1)) == (409, "offer-expired")
    assert deal.read()["offers"][0]["state"] == "expired"
    assert "accept" not in deal.read()["moves"]
    assert deal.bank_says("offer", terms=TERMS).json["offer"] == 2
    assert deal.firm_says("accept", offer=2).status_code == 200


def test_what_is_paid_out_is_said_and_lies_within_what_was_agreed(deal: Deal) -> None:
    """Less may be drawn, more may not."""
    deal.bank_says("offer", terms=TERMS)
    deal.firm_says("accept", offer=1)
    assert slug(deal.bank_says("disburse")) == (422, "move-incomplete")
    assert slug(deal.bank_says("disburse", drawn_fen=40_000_001)) == (422, "terms-beyond")
    answer = deal.bank_says("disburse", drawn_fen=30_000_000)
    assert (answer.status_code, answer.json["drawn_fen"], answer.json["terms"]) == (200, 30_000_000, TERMS)


def test_what_was_agreed_is_an_entry_of_the_ledger_that_both_can_prove(deal: Deal) -> None:
    """Its digest, sealed with the entry's salt, is that of the document which both have read."""
    deal.bank_says("offer", terms=TERMS)
    deal.firm_says("accept", offer=1)
    (offer,) = deal.read()["offers"]
    sha256 = hashlib.sha256(rfc8785.dumps(offer["document"])).hexdigest()
    assert offer["sha256"] == sha256
    for who in (deal.firm, deal.bank):
        entry = deal.client.get(f"/v1/agreement-ledger/entries/{offer['ledger_entry']}", headers=who).json
        facts = json.loads(entry["leaf"])["facts"]
        assert (facts["application"], facts["offer"]) == (deal.id, "1")
        assert facts["terms_sha256"] == hashlib.sha256(bytes.fromhex(entry["salt"]) + sha256.encode()).hexdigest()
        assert (entry["subject"], entry["actor"], entry["grantee"]) == ("local:E1", "firm-1", "bank-1")


def test_a_refused_acceptance_leaves_no_entry(deal: Deal) -> None:
    deal.bank_says("offer", terms=TERMS)
    deal.firm_says("accept", offer=2)
    with deal.here.database.read() as session:
        assert ledger.head(session).size == 0


def test_an_application_keeps_the_version_that_it_came_from(deal: Deal) -> None:
    """A version published since, with another cap, binds the next application and not this one."""
    rate = a_product()["rate"]
    deal.publish(rate={**rate, "cap": 0.04})
    assert deal.bank_says("offer", terms=TERMS).json["product_version"] == 1
    deal.bank_says("decline", reason="because")
    assert deal.read()["offers"][0]["state"] == "lapsed"
    deal.id = deal.hand_in().json["applications"][0]["id"]
    assert deal.bank_says("offer", terms=TERMS).status_code == 422


def test_a_future_version_takes_the_present_one_not_off_sale(deal: Deal) -> None:
    """What is in force is offered and handed in, until its last day."""
    deal.firm_says("withdraw")
    deal.publish(valid_from=(today() + timedelta(days=30)).isoformat(), months=[3, 6])
    answer = deal.hand_in()
    assert (answer.status_code, answer.json["applications"][0]["product_version"]) == (201, 1)


def test_a_product_whose_first_day_is_to_come_is_not_offered(deal: Deal) -> None:
    product = a_product(id="two", valid_from=(today() + timedelta(days=30)).isoformat())
    assert deal.client.put("/v1/products/two", json=product, headers=deal.bank).status_code == 201
    answer = deal.hand_in(products=["two"])
    assert (answer.status_code, "not offered today" in answer.json["detail"]) == (422, True)


def test_an_application_keeps_the_match_that_it_came_from(deal: Deal) -> None:
    """Its own, of this firm, of the version in force: else it is told."""
    deal.firm_says("withdraw")
    wish = {"enterprise": "local:E1", "need": NEED}
    match = deal.post(deal.firm, "/v1/matches", wish).json["id"]
    assert deal.hand_in(match="mat_none").status_code == 404
    answer = deal.hand_in(match=match).json["applications"][0]
    assert answer["match"] == match
    deal.id = answer["id"]
    deal.firm_says("withdraw")
    deal.publish(months=[3, 12])
    passed = deal.hand_in(match=match)
    assert (*slug(passed), passed.json["found"], passed.json["needed"]) == (409, "match-passed", 1, 2)


def test_handing_in_again_by_the_same_match_finds_the_application_after_a_newer_version(deal: Deal) -> None:
    """It asks for nothing new; with another amount it is refused as ever."""
    deal.firm_says("withdraw")
    match = deal.post(deal.firm, "/v1/matches", {"enterprise": "local:E1", "need": NEED}).json["id"]
    first = deal.hand_in(match=match).json["applications"][0]["id"]
    deal.publish(months=[3, 12])
    again = deal.hand_in(match=match)
    assert again.status_code == 200, again.json
    assert [(each["id"], each["existing"], each["product_version"]) for each in again.json["applications"]] == [
        (first, True, 1)
    ]
    papers = [{"name": "a", "sha256": "0" * 64}]
    assert slug(deal.hand_in(match=match, documents=papers)) == (409, "application-open")


def test_a_second_wish_with_another_need_is_told(deal: Deal) -> None:
    """409 naming the one under way: nothing is dropped in silence."""
    answer = deal.hand_in(need={"amount_fen": 60_000_000, "months": 10})
    assert (*slug(answer), answer.json["application"]) == (409, "application-open", deal.id)
    assert answer.json["needed"] == NEED
    again = deal.hand_in()
    assert (again.status_code, again.json["applications"][0]["existing"]) == (200, True)
    assert again.json["dossier"] == deal.read()["dossier"]


def test_a_second_wish_by_a_match_of_another_version_is_told(deal: Deal) -> None:
    """A firm that was shown version 2 must not find itself under version 1; without a match it finds what is open."""
    deal.publish(months=[3, 12])
    match = deal.post(deal.firm, "/v1/matches", {"enterprise": "local:E1", "need": NEED}).json["id"]
    answer = deal.hand_in(match=match)
    assert (*slug(answer), answer.json["application"]) == (409, "application-open", deal.id)
    assert (answer.json["found"], answer.json["needed"]) == (2, 1)
    assert deal.hand_in().status_code == 200


def test_a_second_wish_is_no_draft_where_the_first_one_is(deal: Deal) -> None:
    """Who hands in finds nothing that waits for its own `submit`: it is told to make that move."""
    deal.firm_says("withdraw")
    deal.id = deal.hand_in(draft=True).json["applications"][0]["id"]
    answer = deal.hand_in()
    assert (*slug(answer), answer.json["event"], answer.json["state"]) == (409, "application-open", "submit", "draft")
    assert deal.hand_in(draft=True).status_code == 200
    deal.firm_says("submit")
    assert deal.hand_in().json["applications"][0]["state"] == "submitted"


def test_papers_are_the_same_in_any_order(deal: Deal) -> None:
    deal.firm_says("withdraw")
    papers = [{"name": name, "sha256": name * 64} for name in "ab"]
    deal.id = deal.hand_in(documents=papers).json["applications"][0]["id"]
    assert deal.hand_in(documents=papers[::-1]).status_code == 200
    assert slug(deal.hand_in(documents=papers[:1])) == (409, "application-open")


def test_an_application_has_the_need_of_its_match(deal: Deal) -> None:
    """422 with both; the kind that a match may ask for is none of a dossier's."""
    deal.firm_says("withdraw")
    wish = {"enterprise": "local:E1", "need": {**NEED, "kind": a_product()["kind"]}}
    match = deal.post(deal.firm, "/v1/matches", wish).json["id"]
    answer = deal.hand_in(match=match, need={**NEED, "months": 6})
    assert (answer.status_code, answer.json["field"]) == (422, "match")
    assert (answer.json["found"]["months"], answer.json["needed"]["months"]) == (6, 12)
    assert deal.hand_in(match=match).status_code == 201


GUARANTEE = {"kind": "guarantee", "payee": "A guarantor", "paid_by": "firm", "every": "yearly", "due": "start"}


def with_fees(deal: Deal, fee: float, **changes: Any) -> None:
    """Let the application be for a version with a guarantee fee."""
    deal.firm_says("withdraw")
    deal.publish(fees=[{**GUARANTEE, "rate": fee}], **changes)
    deal.id = deal.hand_in().json["applications"][0]["id"]


def test_fees_and_the_all_in_rate_are_part_of_what_is_agreed_and_hashed(deal: Deal) -> None:
    """Another payee would be another digest."""
    with_fees(deal, 0.01)
    deal.bank_says("offer", terms=TERMS)
    (offer,) = deal.read()["offers"]
    document = offer["document"]
    (fee,) = document["fees"]
    assert (fee["payee"], fee["fen"], fee["charges"]) == ("A guarantor", 400_000, [{"month": 0, "fen": 400_000}])
    assert document["total_cost_fen"] == document["interest_fen"] + document["fees_fen"]
    assert document["fees_fen"] == 400_000
    assert float(document["all_in_rate"]) > float(document["all_in_simple_rate"]) > float(document["rate"])
    assert hashlib.sha256(rfc8785.dumps(document)).hexdigest() == offer["sha256"]
    fee["payee"] = "Another"
    assert hashlib.sha256(rfc8785.dumps(document)).hexdigest() != offer["sha256"]


def test_the_laws_cap_binds_an_offer_with_its_fees(deal: Deal) -> None:
    """Interest that is lawful alone is refused with them, and the most that is left is told; that is then taken."""
    with_fees(deal, 0.05, rate={**a_product()["rate"], "cap": 0.24})
    answer = deal.bank_says("offer", terms=TERMS | {"rate": 0.2})
    assert (*slug(answer), answer.json["field"], answer.json["statute"]) == (422, "terms-beyond", "rate", 0.24)
    most = answer.json["needed"]["most"]
    assert 0.13 < most < 0.15
    assert answer.json["all_in_simple_rate"] > 0.24
    assert deal.bank_says("offer", terms=TERMS | {"rate": round(most + 0.0001, 6)}).status_code == 422
    assert deal.bank_says("offer", terms=TERMS | {"rate": most}).status_code == 200
