"""No page tells a reader of Chinese a key, a code or a sentence in English."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pages_read import english
from portal_pages import FIRM, PAGES
from portal_site import StandIn, fixture, serve_all

from gateway.portal import Answer, items
from gateway.portal.language import catalogue
from gateway.portal.web import ROUTES

ROOT = Path(__file__).parents[3]
ORIGIN = {"Origin": "http://localhost"}
SCHEMAS = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))["components"]["schemas"]
RECORDS = ("Deliveries", "Invoices", "Orders", "Payments", "PublicRecords", "Relations", "TaxFilings")
# Which words of the texts tell which members of the contract.
WORDS = {
    "alert_state": "Alert.state",
    "application_state": "Application.state",
    "channel": "Import.channel",
    "debtor": "Account.debtor",
    "decision": "ModelEvent.event",
    "delivery_state": "Delivery.state",
    "dispute_correction": "Dispute.correction",
    "dispute_reason": "Dispute.reason",
    "dispute_state": "Dispute.state Mark.state",
    "fee_kind": "Fee.kind",
    "fee_payer": "Fee.paid_by",
    "field": "Grant.fields",
    "field_note": "Grant.fields",
    "import_kind": "SourceGrantOrder.kinds",
    "kind": "Product.kind",
    "measure_list": "ListedBasis.list",
    "measure_state": "Measure.state",
    "offer_state": "LoanOffer.state",
    "party": "ApplicationEvent.party",
    "purpose": "Grant.purposes",
    "purpose_note": "Grant.purposes",
    "put_aside": "Webhook.put_aside",
    "record_behind": "Item.kind",
    "record_field": "Item.field",
    "repayment": "Product.repayment",
    "retention_subject": "KeptFor.subject",
    "role": "NewClient.role",
    "severity": "Alert.severity",
    "signal_state": "Signal.state",
    "size": "Enterprise.size_class",
    "state": "Import.state Model.state Allocation.state",
    "taxpayer": "Enterprise.taxpayer",
    "verdict": "CrossCheck.verdict",
}
SignedIn = Callable[..., FlaskClient]
# What a visitor to the first page is told of the command line and of the files that a demonstration writes.
DEMO = frozenset({"keys", "json", "smecredit", "demo", "enterprise", "POST", "clients"})


@pytest.mark.parametrize("name", PAGES)
def test_a_chinese_page_has_no_english_word_that_is_not_a_name(
    site: Flask, signed_in: SignedIn, door: StandIn, name: str
) -> None:
    """What is marked as code is a name, too."""
    serve_all(door)
    path, key = PAGES[name]
    client = signed_in(key) if key else site.test_client()
    page = client.get(path).text
    assert set(english(page)) - (DEMO if name == "sign-in" else frozenset()) == set()


def test_every_page_is_looked_at() -> None:
    """All that answer a reader with a page, for one role at least."""
    shown = [re.sub("<[^>]+>", "[^/?]+", rule) for rule, _, methods in ROUTES if "GET" in methods]
    other = {
        "/language/[^/?]+",
        "/password",
        "/sign-in",
        "/applicants/open",
        "/notices/count",
        "/ledger/[^/?]+/consistency",
    }
    # Those of second factors need a person, and are looked at where they have one.
    other |= {"/factors", "/factors/app", "/factors/confirm", "/factors/passkey", "/first-factor", "/second-step"}
    other |= {"/imports/[^/?]+/rejects", "/models/[^/?]+/validation", "/models/[^/?]+/plots/[^/?]+.svg"}
    paths = [path.partition("?")[0] for path, _ in PAGES.values()]
    unseen = [rule for rule in shown if not any(re.fullmatch(f"/portal{rule}", path) for path in paths)]
    assert set(unseen) - other == set()


@pytest.mark.parametrize(("section", "told"), WORDS.items())
def test_every_word_that_the_contract_knows_has_words(section: str, told: str) -> None:
    """Of what pages show by `term`, the members that a service may answer with."""
    for place in told.split():
        schema, _, name = place.partition(".")
        property_ = SCHEMAS[schema]["properties"][name]
        words = property_.get("enum") or property_["items"]["enum"]
        assert {each for each in words if each} - set(catalogue()[section]) == set(), place


@pytest.mark.parametrize("kind", RECORDS)
def test_every_field_of_a_record_is_told_in_words(kind: str) -> None:
    """Its name, and its value where that is one of few; the grades of tax credit are letters to everybody."""
    told = SCHEMAS[f"{kind}Record"]["properties"]
    assert set(told) - items.UNSAID - set(catalogue()["record_field"]) == set()
    for name, of in told.items():
        if "enum" in of and name != "grade":
            assert {each for each in of["enum"] if each} - set(catalogue()[items.WORDS[name]]) == set(), name


@pytest.mark.parametrize(
    ("status", "document", "zh", "en"),
    [
        (403, {"type": "/problems/forbidden", "detail": "Not yours."}, "", "Not yours."),
        (409, {"type": "/problems/new", "title_zh": "新的情况", "detail": "Anew."}, "新的情况", "Anew."),
        (422, {"type": "/problems/new", "detail": "Anew. / 重新来。"}, "重新来。", "Anew."),
    ],
)
def test_a_page_that_is_refused_says_why_in_one_language(
    signed_in: SignedIn, door: StandIn, status: int, document: dict[str, str], zh: str, en: str
) -> None:
    door.answers["GET /models/mdl_1"] = Answer(status, document)
    for language, said in (("zh", zh), ("en", en)):
        page = signed_in("smc_bank", language).get("/portal/models/mdl_1").text
        assert (f'<p class="quiet">{said}</p>' in page) == bool(said)
        assert language == "en" or set(english(page)) == set()


def test_a_refused_consent_is_told_in_one_language(signed_in: SignedIn, door: StandIn) -> None:
    """Beside the field, with what was typed."""
    door.answers["POST /consents"] = Answer(422, {"title_zh": "不能授权", "detail": "It reads without one."})
    grant = {"grantee": "g", "purposes": "credit-assessment", "fields": "score", "valid_until": "2099-01-01"}
    answer = signed_in("smc_firm").post("/portal/enterprise/consents", data=grant, headers=ORIGIN)
    assert 'id="grantee-error" role="alert">不能授权' in answer.text


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", ("通用设备制造业", "北京市朝阳区")), ("en", ("Manufacture of general purpose machinery",))],
)
def test_industries_and_regions_are_words(
    signed_in: SignedIn, door: StandIn, language: str, said: tuple[str, ...]
) -> None:
    """A group of an industry is called as its division; a region from the province down."""
    firm = {**fixture("enterprises")["items"][0], "industry": "C3411", "region": "110105"}
    door.answers["GET /enterprises"] = Answer(200, {"items": [firm], "next": None})
    door.answers["GET /enterprises/local:E17/portrait"] = Answer(200, fixture("portrait") | {"enterprise": firm})
    client = signed_in("smc_bank", language)
    page = client.get("/portal/applicants").text + client.get(f"{FIRM}/portrait").text
    own = signed_in("smc_firm", language).get("/portal/enterprise").text
    for each in said:
        assert each in page
        assert f">{each}<" in own.partition('id="description')[2] or each in own
    assert not re.search(r">[^<]*(C3411|110105)", page)


def test_the_groups_of_a_model_are_words(signed_in: SignedIn) -> None:
    """Sections of the industries, provinces."""
    page = signed_in("smc_bank").get("/portal/models/mdl_1").text
    for each in ("制造业", "批发和零售业", "北京市", "其他（西藏自治区、新疆维吾尔自治区）"):
        assert f">{each}<" in page


def test_a_code_that_the_catalogue_lacks_stays_as_it_is(signed_in: SignedIn, door: StandIn) -> None:
    firm = {**fixture("enterprises")["items"][0], "industry": "X99"}
    door.answers["GET /enterprises"] = Answer(200, {"items": [firm], "next": None})
    assert ">X99<" in signed_in("smc_bank").get("/portal/applicants").text
