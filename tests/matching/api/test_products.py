"""Products over HTTP: published as versions that never change, with rules that are read at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.matching import store
from services.matching.context import Context
from services.matching.domain.product import KINDS, Used, read_product
from services.matching.tables import Application

CATALOGUE = Path(__file__).parents[3] / "sandbox" / "products.json"
Headers = dict[str, str]


def test_a_published_product_is_read_back_as_it_was_sent(
    client: FlaskClient, bank: Headers, product: dict[str, Any]
) -> None:
    """With its version, and an ETag to replace it by."""
    assert client.post("/v1/products", json=product, headers=bank).status_code == 201
    answer = client.get("/v1/products/credit", headers=bank)
    assert answer.json == {**product, "version": 1}
    assert answer.headers["ETag"] == '"1"'


def test_the_same_publication_twice_is_one_product(client: FlaskClient, bank: Headers, product: dict[str, Any]) -> None:
    """The key replays the first answer."""
    del product["id"]
    first, second = (client.post("/v1/products", json=product, headers=bank) for _ in range(2))
    assert first.json == second.json
    assert len(client.get("/v1/products", headers=bank).json["items"]) == 1


def test_a_taken_id_is_refused_with_the_way_forward(
    client: FlaskClient, bank: Headers, product: dict[str, Any]
) -> None:
    """409 says that PUT makes a new version."""
    client.post("/v1/products", json=product, headers=bank)
    answer = client.post("/v1/products", json=product, headers={**bank, "Idempotency-Key": "k2"})
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/product-exists")
    assert "PUT" in answer.json["detail"]


def test_a_change_is_a_new_version_and_the_old_one_stays(
    client: FlaskClient, bank: Headers, product: dict[str, Any]
) -> None:
    """Nothing published is ever changed."""
    assert client.put("/v1/products/credit", json=product, headers=bank).status_code == 201
    changed = client.put("/v1/products/credit", json={**product, "months": [6, 12]}, headers=bank)
    assert (changed.status_code, changed.json["version"]) == (200, 2)
    assert client.get("/v1/products/credit?version=1", headers=bank).json["months"] == [3, 24]


def test_putting_the_same_again_changes_nothing(client: FlaskClient, bank: Headers, product: dict[str, Any]) -> None:
    """So a whole catalogue can be put again and again."""
    versions = [client.put("/v1/products/credit", json=product, headers=bank).json["version"] for _ in range(2)]
    assert versions == [1, 1]


def test_a_replacement_of_an_older_version_is_refused(
    client: FlaskClient, bank: Headers, product: dict[str, Any]
) -> None:
    """If-Match keeps two officers from overwriting each other."""
    client.put("/v1/products/credit", json=product, headers=bank)
    changed = {**product, "months": [6, 12]}
    assert client.put("/v1/products/credit", json=changed, headers={**bank, "If-Match": '"1"'}).status_code == 200
    late = client.put("/v1/products/credit", json=product, headers={**bank, "If-Match": '"1"'})
    assert (late.status_code, late.json["type"]) == (412, "/problems/version-passed")


def test_another_banks_product_cannot_be_replaced(
    client: FlaskClient, bank: Headers, product: dict[str, Any], tokens: Callable[..., Headers]
) -> None:
    """A product belongs to who published it."""
    client.put("/v1/products/credit", json=product, headers=bank)
    rival = tokens(role="bank", client="bank-2", scopes="products:write")
    assert client.put("/v1/products/credit", json={**product, "sandbox": False}, headers=rival).status_code == 403


@pytest.mark.parametrize(
    ("expression", "slug"),
    [
        ("sales_active_months_12m >=", "rule-unreadable"),
        ("sales_activ_months_12m >= 3", "rule-name-unknown"),
        ('sales_12m > "much"', "rule-mistyped"),
        ('size_class == "tiny"', "word-unknown"),
        ('industry == "C99"', "word-unknown"),
        ("score > 500 and score < 400", "rules-contradict"),
    ],
)
def test_a_rule_that_cannot_be_asked_is_refused_at_publication(
    client: FlaskClient, bank: Headers, product: dict[str, Any], expression: str, slug: str
) -> None:
    """The problem names the rule, and nothing is published."""
    product["rules"][1]["expression"] = expression
    answer = client.post("/v1/products", json=product, headers=bank)
    assert (answer.status_code, answer.json["type"]) == (422, f"/problems/{slug}")
    assert answer.json.get("rule", answer.json.get("rules")) in ("turnover", ["turnover"])
    assert client.get("/v1/products", headers=bank).json["items"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_fen": [5, 1]},
        {"amount_fen": [5]},
        {"months": [1.5, 2]},
        {"valid_until": "2020-01-01"},
        {"kind": "gift"},
        {"surprise": 1},
        {"bank": ""},
    ],
)
def test_a_product_that_contradicts_itself_is_refused(
    client: FlaskClient, bank: Headers, product: dict[str, Any], changes: dict[str, Any]
) -> None:
    """422, naming the field."""
    answer = client.post("/v1/products", json={**product, **changes}, headers=bank)
    assert answer.status_code == 422
    assert next(iter(changes)) in str(answer.json)


def test_a_product_ends_where_its_newest_version_ends(
    client: FlaskClient, bank: Headers, product: dict[str, Any], here: Context
) -> None:
    """A version that ends sooner withdraws the product: the older one does not come back."""
    client.put("/v1/products/credit", json=product, headers=bank)
    client.put(
        "/v1/products/credit", json={**product, "valid_from": "2026-02-01", "valid_until": "2026-03-01"}, headers=bank
    )
    with here.database.read() as session:
        offered = {
            day: [item.version for item in store.products_in_force(session, date.fromisoformat(day))]
            for day in ("2024-12-31", "2025-01-01", "2026-02-01", "2026-03-01", "2026-03-02")
        }
    assert offered == {
        "2024-12-31": [],
        "2025-01-01": [1],
        "2026-02-01": [2],
        "2026-03-01": [2],
        "2026-03-02": [],
    }


def test_products_come_in_pages_of_newest_versions(client: FlaskClient, bank: Headers, product: dict[str, Any]) -> None:
    """The cursor leads through all of them once."""
    for name in ("a", "b", "c"):
        client.put(f"/v1/products/{name}", json={**product, "id": name}, headers=bank)
    client.put("/v1/products/a", json={**product, "id": "a", "months": [6, 12]}, headers=bank)
    first = client.get("/v1/products?limit=2", headers=bank).json
    rest = client.get(f"/v1/products?limit=2&cursor={first['next']}", headers=bank).json
    assert [(item["id"], item["version"]) for item in (*first["items"], *rest["items"])] == [
        ("a", 2),
        ("b", 1),
        ("c", 1),
    ]
    assert rest["next"] is None


def test_publishing_needs_its_scope(
    client: FlaskClient, product: dict[str, Any], tokens: Callable[..., Headers]
) -> None:
    """A reader cannot write."""
    reader = {**tokens(scopes="products:read"), "Idempotency-Key": "k"}
    assert client.post("/v1/products", json=product, headers=reader).status_code == 403


def test_every_product_of_the_sandbox_catalogue_says_so() -> None:
    """None of them may be taken for real, and all of them can be read."""
    documents = json.loads(CATALOGUE.read_bytes())
    assert len(documents) >= 8
    assert all(document["sandbox"] is True and "bank" not in document for document in documents)
    named = [read_product({**document, "bank": "示例银行"}) for document in documents]
    assert {product.kind for product in named} >= {"credit-line", "leasing", "secured-loan"}


@pytest.mark.parametrize("said", [{}, {"bank": "甲银行 Bank A"}])
def test_a_product_bears_the_name_that_the_register_has_for_its_bank(
    client: FlaskClient, tokens: Callable[..., Headers], product: dict[str, Any], said: dict[str, str]
) -> None:
    """Whether it says so itself or leaves it out; the same again changes nothing."""
    bank = tokens(client="bank-7", name="甲银行 Bank A", scopes="products:write products:read")
    body = {name: value for name, value in product.items() if name != "bank"} | said
    assert client.put("/v1/products/credit", json=body, headers=bank).json["bank"] == "甲银行 Bank A"
    again = client.put("/v1/products/credit", json=body, headers=bank)
    assert (again.status_code, again.json["version"]) == (200, 1)


def test_nobody_publishes_under_the_name_of_another_bank(
    client: FlaskClient, bank: Headers, product: dict[str, Any]
) -> None:
    """Neither a product, nor a version, nor a dry run; the answer names both, and nothing is published."""
    false = {**product, "bank": "临江示例农商行"}
    posted = client.post("/v1/products", json=false, headers=bank)
    put = client.put("/v1/products/credit", json=false, headers=bank)
    tried = client.post("/v1/products/credit/dry-runs", json={"product": false}, headers=bank)
    for answer, field in ((posted, "bank"), (put, "bank"), (tried, "product.bank")):
        assert (answer.status_code, answer.json["type"]) == (422, "/problems/not-the-bank")
        assert (answer.json["field"], answer.json["needed"]) == (field, "Example Bank")
    assert client.get("/v1/products", headers=bank).json["items"] == []


def test_a_bank_without_a_registered_name_is_named_by_its_id(
    client: FlaskClient, tokens: Callable[..., Headers], product: dict[str, Any]
) -> None:
    """What the register knows of it."""
    nameless = tokens(client="bank-9", name=None, scopes="products:write")
    del product["bank"]
    assert client.put("/v1/products/credit", json=product, headers=nameless).json["bank"] == "bank-9"


SCOPE = {
    "security": [{"kind": "collateral", "title": {"zh": "房产抵押", "en": "Mortgage"}}],
    "regions": ["33", "330106"],
    "industries": ["C", "F51"],
    "size_classes": ["micro", "small"],
    "documents": [{"id": "licence", "title": {"zh": "营业执照", "en": "Licence"}}],
    "quota": 20,
    "budget_fen": 10_000_000_000,
}


def test_scope_papers_and_limits_are_read_back_as_they_were_sent(
    client: FlaskClient, bank: Headers, product: dict[str, Any]
) -> None:
    """Regions, industries, sizes, security, documents, quota and budget."""
    assert client.put("/v1/products/credit", json={**product, **SCOPE}, headers=bank).status_code == 201
    assert client.get("/v1/products/credit", headers=bank).json == {**product, **SCOPE, "version": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"regions": ["3"]},
        {"regions": []},
        {"regions": ["99"]},
        {"industries": ["13"]},
        {"industries": ["C99"]},
        {"size_classes": ["tiny"]},
        {"quota": 0},
    ],
)
def test_a_scope_outside_the_standards_is_refused(
    client: FlaskClient, bank: Headers, product: dict[str, Any], wrong: dict[str, Any]
) -> None:
    """Codes of GB/T 2260 and 4754, the four sizes, at least one place."""
    assert client.put("/v1/products/credit", json={**product, **wrong}, headers=bank).status_code == 422


def test_the_sandbox_has_a_product_of_each_kind_and_each_is_marked() -> None:
    """None of them can be taken for real business."""
    documents = json.loads(CATALOGUE.read_text("utf-8"))
    assert {document["kind"] for document in documents} == set(KINDS)
    assert all(document["sandbox"] and document["documents"] for document in documents)


def test_what_accepted_applications_took_is_gone_from_quota_and_budget(
    here: Context, client: FlaskClient, bank: Headers, product: dict[str, Any]
) -> None:
    """With the agreed terms where there are any, and while an offer stands; the shelf is compiled anew."""
    limited = {**product, "quota": 2, "budget_fen": 100_000_000}
    client.put("/v1/products/credit", json=limited, headers=bank)
    day = date(2026, 6, 1)
    with here.database.read() as session:
        before = here.shelves.on(session, day, kind_matters=False)
    with here.database.begin() as session:
        for number, (state, terms) in enumerate(
            [("submitted", None), ("accepted", {"amount_fen": 30_000_000}), ("disbursed", None)]
        ):
            session.add(_application(f"app_{number}", state, terms))
        for number, last in enumerate((day, day - timedelta(days=1))):
            offered = _application(f"app_o{number}", "offered", {"amount_fen": 7_000_000})
            offered.expires_on = last
            session.add(offered)
    with here.database.read() as session:
        assert store.used(session, ["credit"], day) == {"credit": Used(3, 87_000_000)}
        assert store.used(session, ["credit"], day, beside="app_o0") == {"credit": Used(2, 80_000_000)}
        after = here.shelves.on(session, day, kind_matters=False)
    ids = [[rule.id for rule, _ in shelf.items[0].conditions] for shelf in (before, after)]
    assert ["terms.quota" in each for each in ids] == [False, True]


def _application(name: str, state: str, terms: dict[str, Any] | None) -> Application:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    return Application(
        id=name,
        dossier="dos_1",
        enterprise="local:E1",
        applicant="firm-1",
        bank="bank-1",
        product="credit",
        product_version=1,
        need={"amount_fen": 50_000_000, "months": 12},
        documents=[],
        state=state,
        terms=terms,
        open_as=None,
        created_at=now,
        updated_at=now,
    )


def test_any_version_is_meant_by_a_star_but_there_must_be_one(
    client: FlaskClient, bank: Headers, product: dict[str, Any]
) -> None:
    """RFC 9110, section 13.1.1: 412 where nothing is published."""
    star = {**bank, "If-Match": "*"}
    none = client.put("/v1/products/credit", json=product, headers=star)
    assert (none.status_code, none.json["type"]) == (412, "/problems/version-passed")
    assert client.get("/v1/products/credit", headers=bank).status_code == 404
    client.put("/v1/products/credit", json=product, headers=bank)
    assert client.put("/v1/products/credit", json={**product, "months": [6, 12]}, headers=star).json["version"] == 2


@pytest.mark.parametrize("version", ["0", "-1", "x", ""])
def test_a_version_is_a_number_from_one_on(
    client: FlaskClient, bank: Headers, product: dict[str, Any], version: str
) -> None:
    """400, rather than that there is no product."""
    client.put("/v1/products/credit", json=product, headers=bank)
    assert client.get(f"/v1/products/credit?version={version}", headers=bank).status_code == 400
    assert client.get("/v1/products/credit?version=1", headers=bank).status_code == 200


FEE = {"kind": "agency", "payee": "An agent", "paid_by": "firm"}


def test_fees_are_published_and_shown_as_they_are(client: FlaskClient, bank: Headers, product: dict[str, Any]) -> None:
    """Once and at the start, unless said otherwise."""
    shown = client.put("/v1/products/credit", json={**product, "fees": [{**FEE, "rate": 0.01}]}, headers=bank).json
    assert shown["fees"] == [{**FEE, "rate": 0.01, "every": "once", "due": "start"}]


@pytest.mark.parametrize(
    "fee",
    [
        FEE,
        {**FEE, "rate": 0.01, "amount_fen": 5},
        {**FEE, "rate": 1.5},
        {**FEE, "rate": 0.01, "kind": "gift"},
        {**FEE, "rate": 0.01, "paid_by": "payer"},
        {**FEE, "amount_fen": 600_000},
    ],
    ids=["no amount", "two amounts", "above all", "no such kind", "nobody", "more than half of the least loan"],
)
def test_an_impossible_fee_is_refused_and_nothing_published(
    client: FlaskClient, bank: Headers, product: dict[str, Any], fee: dict[str, Any]
) -> None:
    answer = client.put("/v1/products/credit", json={**product, "fees": [fee]}, headers=bank)
    assert answer.status_code == 422
    assert "fee" in answer.json["detail"].lower()
    assert client.get("/v1/products/credit", headers=bank).status_code == 404
