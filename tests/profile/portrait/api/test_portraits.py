"""The portrait in depth over HTTP: lines that add up, records behind a number, late payments, who may see them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from profile_house import House

SALES = "enterprise,number,date,buyer,net,tax,total,status\n"
SOLD = [
    ("E1", "S1", "2025-06-10", "uscc:11320000MB151840XJ", 1000),
    ("E1", "S2", "2025-06-20", "K2", 500),
    ("E1", "S3", "2025-07-10", "K2", 300),
    ("E2", "S1", "2025-07-01", "K2", 700),
]
PAYMENTS = "direction,enterprise,reference,counterparty,date,amount,purpose,status\n"
PAID = [
    ("in", "E1", "P0", "K9", "2025-06-01", 1),
    ("in", "E1", "P1", "uscc:11320000MB151840XJ", "2025-07-20", 1000),
    ("in", "E1", "P2", "K2", "2025-07-01", 500),
]
RECORDS = "record,enterprise,number,tier,grade,authority,amount,date,published_on,ends_on,repaired_on\n"
PUBLISHED = [
    "penalty,E1,N1,general,,市场监督管理局,1000,2025-05-01,2025-05-10,2026-05-10,",
    "penalty,E1,N2,serious,,市场监督管理局,1000,2025-01-01,2025-01-10,2027-01-10,2025-06-01",
    "tax-grade,E1,T1,,B,税务局,,2025-04-20,2025-04-20,,",
]
MOMENT = "as_of=2025-07-31"


def tell(house: House) -> None:
    """Tell a house of two firms' sales, payments and public records."""
    rows = "".join(f"{e},{n},{day},{to},{net},0,{net},valid\n" for e, n, day, to, net in SOLD)
    house.send("invoices.sale", SALES + rows)
    paid = "".join(f"{d},{e},{ref},{of},{day},{sum_},goods,valid\n" for d, e, ref, of, day, sum_ in PAID)
    for kind, content in (("payments", PAYMENTS + paid), ("public-records", RECORDS + "\n".join(PUBLISHED) + "\n")):
        done = house.send(kind, content)
        assert (done["state"], done["rejected"]) == ("done", 0), done


@pytest.fixture
def told(furnished: Callable[[Callable[[House], Any]], House]) -> House:
    return furnished(tell)


def read(house: House, path: str, headers: dict[str, str] | None = None) -> Any:
    answer = house.client.get(f"/v1/enterprises/E1/{path}", headers=headers or house.owner())
    assert answer.status_code == 200, answer.json
    return answer.json


def consent(house: House, *fields: str, **terms: Any) -> None:
    given = {
        "grantee": "bank-1",
        "purposes": ["credit-assessment"],
        "fields": fields,
        "valid_until": (datetime.now(UTC) + timedelta(days=30)).date().isoformat(),
        **terms,
    }
    headers = house.owner() | {"Idempotency-Key": str(uuid4())}
    assert house.client.post("/v1/consents", json=given, headers=headers).status_code == 201


def test_a_dimensions_lines_add_up_to_its_score(told: House) -> None:
    """Base and contributions make the score of every dimension that has one, as the portrait shows it."""
    portrait = read(told, f"portrait?{MOMENT}")
    for aspect in portrait["dimensions"]:
        found = read(told, f"portrait/{aspect['key']}?{MOMENT}")
        assert found["score"] == aspect["score"]
        if found["score"] is not None:
            added = sum(line["contribution"] or 0 for line in found["features"])
            assert found["base"] + added == pytest.approx(found["score"], abs=1e-6)


def test_a_repaired_penalty_has_left_the_score_and_a_live_one_takes_its_points(told: House) -> None:
    """Twelve points for the general penalty, four for grade B; the serious one was repaired, as of whatever day."""
    found = read(told, f"portrait/compliance?{MOMENT}")
    assert found["score"] == pytest.approx(100 - 12 - 4)
    before = read(told, "portrait/compliance?as_of=2025-05-31")
    assert before["score"] == pytest.approx(100 - 12 - 4)
    after = read(told, "portrait/compliance?as_of=2026-06-30")
    assert after["score"] == pytest.approx(100 - 4)


def test_a_dimension_moves_along_its_trend(told: House) -> None:
    """24 months, the last being the score; nothing before the first record, a step where the penalty was published.

    The repaired one has left every month.
    """
    found = read(told, f"portrait/compliance?{MOMENT}")
    assert (len(found["trend"]), found["trend_months"][-1]) == (24, "2025-07")
    assert found["trend"][-1] == found["score"]
    assert found["trend"][0] is None
    assert [round(score) for score in found["trend"][-4:]] == [96, 84, 84, 84]


def test_what_has_no_source_says_so_and_has_no_confidence(told: House) -> None:
    """No relations were brought."""
    found = read(told, f"portrait/relation?{MOMENT}")
    assert (found["score"], found["missing"]["en"]) == (None, "No source for this dimension yet")
    assert all(score is None for score in found["trend"])


def test_the_records_behind_a_number_are_the_ones_that_make_it(told: House) -> None:
    """Both sales of twelve months add up to the feature; each names its import, source and channel."""
    found = read(told, f"evidence?feature=sales_12m&{MOMENT}")
    value = read(told, f"features?{MOMENT}")["values"]["sales_12m"]
    assert sum(row["record"]["net_fen"] for row in found["items"]) == value == 180_000
    assert found["total"] == 3
    assert {(row["kind"], row["source"], row["channel"]) for row in found["items"]} == {
        ("invoices", "source-1", "government")
    }
    assert [row["record"]["date"] for row in found["items"]] == ["2025-07-10", "2025-06-20", "2025-06-10"]


def test_records_come_in_pages_that_neither_repeat_nor_lose_one(told: House) -> None:
    """One a page, three pages, although more is imported meanwhile: the moment of the first page is asked for."""
    first = read(told, f"evidence?feature=sales_12m&limit=1&{MOMENT}")
    told.send("invoices.sale", SALES + "E1,S9,2025-07-15,K2,9,0,9,valid\n")
    seen, cursor = [first["items"][0]["record"]["number"]], first["next"]
    known = first["known_at"].replace("+", "%2B")
    while cursor:
        page = read(told, f"evidence?feature=sales_12m&limit=1&{MOMENT}&known_at={known}&cursor={cursor}")
        seen += [row["record"]["number"] for row in page["items"]]
        cursor = page["next"]
    assert seen == ["S3", "S2", "S1"]
    assert read(told, f"evidence?feature=sales_12m&{MOMENT}")["total"] == 4


def test_a_repaired_penalty_is_behind_no_number(told: House) -> None:
    """Repair ends display, sharing and use."""
    assert read(told, f"evidence?feature=penalties_serious&{MOMENT}")["items"] == []
    [live] = read(told, f"evidence?feature=penalties_general&{MOMENT}")["items"]
    assert live["record"]["number"] == "N1"


def test_late_payments_name_who_owes_interest_to_the_fen(told: House) -> None:
    """1,000 yuan due to a public body's supplier on 10 July and paid on the 20th: ten days, five yuan."""
    found = read(told, f"late-payments?{MOMENT}")
    assert (found["interest_fen"], found["payments_since"]) == (500, "2025-06-01")
    first, second = found["items"]
    assert (first["debtor"], first["term_days"], first["binding"], first["most_days_late"]) == (
        "public-body",
        30,
        True,
        10,
    )
    assert (second["counterparty"], second["open_fen"], second["interest_fen"]) == ("K2", 30_000, 0)


def test_an_agreed_rate_below_the_prime_rate_is_refused(told: House) -> None:
    """The problem names the least rate."""
    path = f"/v1/enterprises/E1/late-payments?agreed_rate=0.01&{MOMENT}"
    answer = told.client.get(path, headers=told.owner())
    assert (answer.status_code, answer.json["least"]) == (422, "0.0300")
    assert read(told, f"late-payments?agreed_rate=0.0365&{MOMENT}")["interest_fen"] == 100


@pytest.mark.parametrize("path", ["evidence?feature=sales_12m", "late-payments"])
def test_a_consent_opens_records_only_where_it_says_so(told: House, path: str) -> None:
    """Features, portrait and score do not open single invoices; each look is recorded."""
    told.consent()
    url = f"/v1/enterprises/E1/{path}"
    assert told.client.get(url, headers=told.bank()).status_code == 403
    consent(told, "records")
    assert told.client.get(url, headers=told.bank()).status_code == 200
    looks = told.client.get("/v1/enterprises/E1/accesses", headers=told.owner()).json["items"]
    assert [look["what"] for look in looks] == [path.split("?", maxsplit=1)[0] + ("/sales_12m" if "?" in path else "")]


def test_an_unknown_dimension_or_figure_is_refused_with_the_known_ones(told: House) -> None:
    """Not found, and where to look."""
    for path, words in (("portrait/luck", "payment"), ("evidence?feature=luck", "/v1/catalogue")):
        answer = told.client.get(f"/v1/enterprises/E1/{path}", headers=told.owner())
        assert answer.status_code == 404
        assert words in answer.json["detail"]


def test_a_dimension_or_figure_that_there_is_not_uses_up_no_read(told: House) -> None:
    """Nothing of the file was told: it leaves no record, and the one read that the consent allows is left."""
    consent(told, "portrait", "records", most_reads_a_day=1)
    for path in ("portrait/luck", "evidence?feature=luck"):
        assert told.client.get(f"/v1/enterprises/E1/{path}", headers=told.bank()).status_code == 404
    assert told.client.get("/v1/enterprises/E1/accesses", headers=told.owner()).json["items"] == []
    assert told.client.get("/v1/enterprises/E1/portrait/payment", headers=told.bank()).status_code == 200


def test_a_court_case_counts_once_however_its_number_is_written(cottage: House) -> None:
    """In one file and in a later one: full width, other brackets, blanks."""
    case = "enforcement,E1,{},,,杭州市上城区人民法院,1000,2025-05-01,2025-05-10,,\n"
    for numbers in (
        ["（2026）浙0106执1234号", "(2026)浙0106执1234号"],
        ["〔2026〕浙０１０６ 执1234号", "(2026)浙0106执9号"],
    ):
        cottage.send("public-records", RECORDS + "".join(map(case.format, numbers)))
    found = read(cottage, f"evidence?feature=enforcements&{MOMENT}")
    assert (found["total"], {each["record"]["number"] for each in found["items"]}) == (
        2,
        {"(2026)浙0106执1234号", "(2026)浙0106执9号"},
    )
