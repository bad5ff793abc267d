"""A dispute from the firm's click to the bank's notice, in a real Chromium over a real profile service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from portal_site import StandIn, fixture
from profile_house import HEADER, SCOPES, House, open_house

from chassis.core.identity import Verifier
from gateway.identity.roles import DEFAULT_SCOPES
from gateway.portal import Answer, Ask, Visitor
from services.profile.book.domain.departure import name_of
from services.profile.book.domain.public_record import DATASET

Visit = Callable[..., Any]
FIRM = "local:E17"
SALES = HEADER.replace("销方单位代号", "购方单位代号")
ROW = "E17,{n},2019/{n}/4,A1,{n}00.00,13.00,{n}13.00,有效发票\n"
APPLICANT = f"/portal/applicants/{FIRM}"
RECORDS = "/records/sales_36m"
PROFILE = ("enterprises", "disputes", "repairs", "notices", "retention", "catalogue", "consents", "measures")
WORDS = "This invoice is not ours."
REPLY = "Compared with the tax office's copy: the firm is right."
# Scoring is a stand-in: what it says without the disputed records, where the profile service has features without them.
WITHOUT = {"score": 671, "grade": "BBB", "pd": 0.016, "pd_interval": [0.01, 0.03], "depth": "B", "difference": -19}


@dataclass
class HouseDoor(StandIn):
    """A door whose profile service is real, with the scopes that each role has in the suite."""

    house: House = field(kw_only=True)

    def call(self, visitor: Visitor, ask: Ask) -> Answer:
        """Ask the profile service, or the files for what others answer."""
        if "scores" in ask.path:
            return self._score(visitor, ask.path)
        if ask.path.split("/")[1] not in PROFILE:
            return super().call(visitor, ask)
        return self._profile(visitor, ask)

    def _profile(self, visitor: Visitor, ask: Ask) -> Answer:
        scopes = " ".join(DEFAULT_SCOPES[visitor.role])
        token = self.house.tokens(visitor.role, visitor.client, scopes, enterprise=visitor.enterprise)
        address = f"/v1{ask.path}?{urlencode(ask.query or {})}"
        # A client of its own: the server answers several requests at once.
        client = self.house.client.application.test_client()
        answer = client.open(address, method=ask.method, json=ask.json, headers={**ask.headers, **token})
        return Answer(answer.status_code, answer.json)

    def _score(self, visitor: Visitor, path: str) -> Answer:
        ask = Ask("GET", f"/enterprises/{FIRM}/features", purpose="credit-assessment")
        file = self._profile(visitor, ask).data
        scores = [each | {"disputes": file["disputes"], "undisputed": None} for each in fixture("scores")["items"]]
        if path.startswith("/scores/"):
            return Answer(200, scores[0] | {"undisputed": file["undisputed"] and WITHOUT})
        return Answer(200, {"items": scores, "next": None})


@pytest.fixture
def door(tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> HouseDoor:
    """Return the door to a profile service that holds a firm with two invoices and its consent to the bank."""
    house = open_house(f"sqlite:///{tmp_path / 'profile.db'}", tmp_path, verifier, tokens)
    house.send("invoices.sale", SALES + "".join(ROW.format(n=n) for n in (1, 2)))
    consent = {
        "grantee": "bank-demo",
        "purposes": ["credit-assessment"],
        "fields": ["features", "portrait", "score", "records"],
        "valid_until": "2099-01-31",
    }
    owner = tokens("enterprise", "firm-17", SCOPES, enterprise=FIRM) | {"Idempotency-Key": str(uuid4())}
    assert house.client.post("/v1/consents", json=consent, headers=owner).status_code == 201
    return HouseDoor(house=house)


def open_dispute(visit: Visit) -> Any:
    """Dispute the invoice of the number 1 as the firm would, with the keyboard."""
    page = visit(f"/portal/enterprise{RECORDS}", key="smc_firm", language="en")
    page.get_by_role("link", name="Dispute this 1", exact=True).press("Enter")
    page.get_by_label("Reason").select_option("not-ours")
    page.get_by_label("Statement").fill(WORDS)
    page.get_by_role("button", name="Open the dispute").press("Enter")
    page.get_by_role("status").wait_for()
    return page


def decide(visit: Visit, finding: str) -> Any:
    """Decide the dispute that is due first."""
    page = visit("/portal/disputes", key="smc_operator", language="en")
    page.locator("tbody a").first.click()
    assert WORDS in page.locator("main").inner_text()
    page.get_by_label(finding).check()
    page.get_by_label("The written answer to the firm").fill(REPLY)
    page.get_by_role("button", name="Decide and answer").click()
    return page


def test_a_dispute_goes_from_the_firm_s_click_to_the_bank_s_notice(visit: Visit) -> None:
    """The mark is on what the bank reads while the dispute is open, both scores beside it; then a notice instead."""
    firm = open_dispute(visit)
    assert "20 days left" in firm.locator("article").inner_text()

    bank = visit(APPLICANT, key="smc_bank", language="en")
    assert WORDS in bank.get_by_role("note").inner_text()
    both = bank.locator("table.contested tbody tr").first.inner_text().split()
    assert both[-3:] == ["652", "671", "−19"]
    bank.goto(bank.url + RECORDS)
    assert bank.locator("tr.disputed").count() == 1

    operator = decide(visit, "take it out of the file")
    assert "the firm has its answer" in operator.get_by_role("status").inner_text()

    bank.goto(bank.url.removesuffix(RECORDS))
    assert bank.get_by_role("note").count() == 0
    assert bank.locator("#contested-title").count() == 0
    bank.locator("nav .count").wait_for()
    bank.get_by_role("link", name="Notices").click()
    assert "was corrected: read it again" in bank.locator("main").inner_text()
    bank.get_by_role("button", name="Acknowledge").click()
    assert "nothing to acknowledge" in bank.locator("main").inner_text()

    firm.reload()
    assert REPLY in firm.locator("article").inner_text()
    assert [page.complaints for page in (firm, bank, operator)] == [[], [], []]


def test_where_neither_can_be_shown_the_mark_stays(visit: Visit) -> None:
    open_dispute(visit)
    decide(visit, "Neither can be shown")
    bank = visit(f"{APPLICANT}/portrait", key="smc_bank", language="en")
    assert "unresolved" in bank.get_by_role("note").inner_text()


def test_a_correction_that_nobody_stated_is_refused_in_place(visit: Visit) -> None:
    """The answer that was typed stays in the form."""
    open_dispute(visit)
    operator = decide(visit, "its source has stated it anew")
    assert "still says what it said" in operator.get_by_role("alert").inner_text()
    assert operator.get_by_label("The written answer to the firm").input_value() == REPLY


def test_a_withdrawn_dispute_leaves_no_mark(visit: Visit) -> None:
    firm = open_dispute(visit)
    firm.locator("summary", has_text="Withdraw").click()
    firm.get_by_role("button", name="Withdraw now").click()
    assert "mark is gone" in firm.get_by_role("status").inner_text()
    bank = visit(f"{APPLICANT}/portrait", key="smc_bank", language="en")
    assert bank.get_by_role("note").count() == 0


def test_an_item_is_not_disputed_twice(visit: Visit) -> None:
    """A page that was open before says so beside its form."""
    before = visit(f"/portal/enterprise{RECORDS}", key="smc_firm", language="en")
    before.get_by_role("link", name="Dispute this 1", exact=True).click()
    open_dispute(visit)
    before.get_by_label("Reason").select_option("other")
    before.get_by_label("Statement").fill("Once more.")
    before.get_by_role("button", name="Open the dispute").click()
    assert "open dispute already" in before.get_by_role("alert").inner_text()


def test_a_repair_that_is_too_early_is_told_its_first_day(visit: Visit, door: HouseDoor) -> None:
    """A serious record is displayed for a year at least; the day comes from the service."""
    titles = "record,enterprise,number,tier,authority,date,published_on,ends_on,repaired_on\n"
    door.house.send(
        "public-records", f"{titles}penalty,E17,P-1,serious,市场监督管理局,2026-04-01,2026-04-10,2029-04-10,\n"
    )
    name = name_of(DATASET, {"enterprise": FIRM, "record": "penalty", "number": "P-1"})
    operator = visit("/portal/repairs", key="smc_operator", language="en")
    for label, value in (
        ("Enterprise id", FIRM),
        ("Number of the document, or name of the record", name),
        ("Day of the decision", "2026-06-01"),
        ("Authority", "市场监督管理局"),
        ("Number of the decision", "D-1"),
    ):
        operator.get_by_label(label, exact=True).fill(value)
    operator.get_by_role("button", name="Enter the repair").click()
    assert "can be repaired from 2027-04-10 on" in operator.get_by_role("alert").inner_text()
