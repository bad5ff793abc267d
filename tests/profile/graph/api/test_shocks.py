"""Shocks over HTTP: through the files that are open and no others, recorded, with the reader's own book."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from profile_house import House
from signal_books import HEADER, work_off

MONITORING = "credit-monitoring"
LAST = date(2020, 2, 21)


def sales(*deals: tuple[str, str, int], days: int = 360) -> str:
    """A file of sales: seller, buyer, yuan a month, for a year."""
    rows = []
    for seller, buyer, amount in deals:
        for ago in range(0, days, 30):
            day = LAST - timedelta(days=ago)
            number = f"{len(rows):08}"
            rows.append(f"{seller},{number},{day:%Y/%m/%d},{buyer},{amount}.00,0.00,{amount}.00,有效发票\n")
    return HEADER + "".join(rows)


def chained(house: House) -> House:
    """Let E1 sell to E2, and E2 to E3: 100,000 and 90,000 yuan a month."""
    house.send("enterprises", "企业代号,企业名称,行业,行政区划\nE1,甲,C13,110000\nE2,乙,C14,120000\nE3,丙,F51,120000\n")
    house.send("invoices.sale", sales(("E1", "E2", 100_000), ("E2", "E3", 90_000)))
    work_off(house)
    return house


@pytest.fixture
def chain(furnished: Callable[[Callable[[House], Any]], House]) -> House:
    return furnished(chained)


def let(house: House, *firms: str) -> dict[str, str]:
    """Let firms consent to a bank's monitoring of their ties; return the bank."""
    for firm in firms:
        house.consent(f"local:{firm}", purposes=(MONITORING,), fields=["graph"])
    return house.bank(MONITORING)


def shock(house: House, who: dict[str, str], status: int = 200, **order: Any) -> Any:
    said = {"shock": {"enterprises": ["local:E3"]}, **order}
    answer = house.client.post("/v1/shocks", json=said, headers=who)
    assert answer.status_code == status, answer.json
    return answer.json


def firms(answer: dict[str, Any]) -> dict[str, Any]:
    return {each["enterprise"]: each for each in answer["enterprises"]}


def lent(firm: str, fen: int = 100_000_00, pd: float | None = 0.02) -> dict[str, Any]:
    return {"enterprise": f"local:{firm}", "exposure_fen": fen, "lgd": 0.4, "pd": pd}


def test_a_default_two_firms_away_reaches_the_book_with_its_path(chain: House) -> None:
    """Three files are open; E3 fails: E2 loses its claim, and a part of that comes to E1."""
    bank = let(chain, "E1", "E2", "E3")
    answer = shock(chain, bank, exposures=[lent("E1"), lent("E2"), lent("E3")])
    found = firms(answer)
    assert found["local:E3"]["shocked"]
    assert found["local:E3"]["delta_pd"]["value"] == pytest.approx(0.98)
    # E2 sold 3 x 90,000 in 90 days, of which 75 % are lost; its equity is 15 % of a year's sales of 12 x 90,000.
    assert found["local:E2"]["equity_loss"]["value"] == 1.0
    assert [hop["debtor"] for hop in found["local:E1"]["path"]] == ["local:E3", "local:E2"]
    assert found["local:E1"]["path"][1]["amount_fen"] == {
        "low": 100_000_00,
        "value": 300_000_00,
        "high": 600_000_00,
    }
    interval = found["local:E1"]["equity_loss"]
    assert interval["low"] < interval["value"] <= interval["high"]
    total = answer["book"]["delta_el_fen"]["value"]
    assert total == sum(each["delta_el_fen"]["value"] for each in found.values())
    assert answer["book"]["el_fen"] == 3 * round(100_000_00 * 0.4 * 0.02)
    assert answer["runs"]["defaults"]["settled"]


def test_a_firm_in_between_that_is_not_open_passes_nothing_on_but_in_the_high_estimate(chain: House) -> None:
    """What it can bear nobody has told; and where it does pass it on, it is not named."""
    bank = let(chain, "E1", "E3")
    chain.send("invoices.purchase", HEADER.replace("购方", "销方") + "E3,1,2020/2/20,E2,500.00,0.00,500.00,有效发票\n")
    found = firms(shock(chain, bank))
    assert "local:E2" not in found
    loss = found["local:E1"]["equity_loss"]
    assert (loss["low"], loss["value"]) == (0, 0)
    assert loss["high"] > 0
    assert [hop["debtor"] for hop in found["local:E1"]["path"]] == ["local:E3", None]


def test_what_a_shut_file_holds_changes_no_answer(chain: House) -> None:
    """E2's sales to E3 are E2's file: the reader of E1 alone does not learn of them; E2 itself it may shock by name."""
    bank = let(chain, "E1")
    before = shock(chain, bank)
    chain.send("invoices.sale", sales(("E2", "E3", 70_000), ("E3", "E1", 10)))
    after = shock(chain, bank)
    assert before["enterprises"] == after["enterprises"] == []
    assert (before["hit"], before["esri"]) == (after["hit"], after["esri"])
    found = firms(shock(chain, bank, shock={"enterprises": ["local:E2"]}))
    assert found["local:E1"]["equity_loss"]["value"] > 0
    assert [hop["debtor"] for hop in found["local:E1"]["path"]] == ["local:E2"]


def test_who_stated_the_equity_is_told_and_the_firm_s_own_word_makes_its_risk_no_smaller(chain: House) -> None:
    """The attack: E2 describes itself with assets a thousand times its trade; then a register states them."""
    bank = let(chain, "E1", "E2", "E3")
    before = firms(shock(chain, bank))["local:E2"]
    assert before["equity"] == {"fen": 12 * 90_000_00 * 15 // 100, "rests_on": "trade", "stated_by": None}
    said = {"assets_fen": 10**12}
    own = chain.client.put("/v1/enterprises/local:E2", json=said, headers=chain.owner("local:E2"))
    assert own.status_code == 200, own.json
    assert firms(shock(chain, bank))["local:E2"] == before
    shifts = "/v1/enterprises/local:E2/partner-shifts"
    assert chain.client.get(shifts, headers=chain.owner("local:E2")).json["equity"] == before["equity"]
    assert chain.client.put("/v1/enterprises/local:E2", json=said, headers=chain.source).status_code == 200
    after = firms(shock(chain, bank))["local:E2"]
    assert after["equity"] == {"fen": 4 * 10**11, "rests_on": "assets", "stated_by": "government"}
    assert after["equity_loss"]["value"] < before["equity_loss"]["value"]


def test_an_industry_or_a_region_is_that_of_the_open_files_and_no_shock_changes_nothing(chain: House) -> None:
    bank = let(chain, "E1", "E2", "E3")
    cases = (
        ({"industry": "C"}, ["E1", "E2"]),
        ({"industry": "制造业"}, ["E1", "E2"]),
        ({"region": "120000"}, ["E2", "E3"]),
        ({"region": "天津"}, ["E2", "E3"]),
    )
    for said, hit in cases:
        assert shock(chain, bank, shock=said)["hit"]["firms"] == [f"local:{firm}" for firm in hit]
    answer = shock(chain, bank, severity=0.0, exposures=[lent("E1")])
    assert answer["enterprises"] == []
    assert answer["book"]["delta_el_fen"] == {"low": 0, "value": 0, "high": 0}


def test_of_a_book_only_the_firms_that_consent_are_worked_out_and_they_find_the_read(chain: House) -> None:
    """Where none does the reader is refused; without a PD of its own neither it nor the loss changes."""
    answer = shock(chain, let(chain, "E2"), exposures=[lent("E1"), lent("E2", pd=None)])
    assert (answer["files"], answer["withheld"], answer["book"]["exposures"]) == (1, 1, 1)
    assert answer["book"]["without_pd"] == 1
    assert firms(answer)["local:E2"]["delta_el_fen"] is None
    chain.consent("local:E1", grantee="bank-2", purposes=(MONITORING,), fields=["portrait"])
    for bank in ("bank-1", "bank-2"):
        refused = shock(chain, chain.bank(MONITORING, bank), 403, exposures=[lent("E1")])
        assert refused["type"].endswith("consent-required")
    assert (reads(chain, "E1"), reads(chain, "E2")) == ([], ["shock"])


def reads(house: House, firm: str) -> list[str]:
    """What a firm finds in its record."""
    path = f"/v1/enterprises/local:{firm}/accesses"
    return [each["what"] for each in house.client.get(path, headers=house.owner(f"local:{firm}")).json["items"]]


def test_a_firm_asks_about_itself_without_anybodys_leave(chain: House) -> None:
    """Its own file alone, whatever it asks for; a bank reads the same only with its consent, and on record."""
    answer = shock(chain, chain.owner("local:E2"), exposures=[lent("E1")])
    assert (list(firms(answer)), answer["files"]) == (["local:E2"], 1)
    path = "/v1/enterprises/local:E2/partner-shifts"
    found = chain.client.get(path, headers=chain.owner("local:E2")).json
    assert [side["strongest"] for side in found["sides"]] == ["local:E3", None]
    assert chain.client.get(path, headers=chain.bank(MONITORING)).status_code == 403
    assert chain.client.get(path, headers=let(chain, "E2")).json["sides"] == found["sides"]
    assert reads(chain, "E2") == ["shock/partner-shifts"]


def test_before_anything_was_known_of_a_firm_it_can_lose_nothing_and_has_no_partners(chain: House) -> None:
    path = "/v1/enterprises/local:E2/partner-shifts?known_at=2020-02-21T08:00:00Z"
    found = chain.client.get(path, headers=chain.owner("local:E2")).json
    assert found["equity"] == {"fen": 0, "rests_on": "trade", "stated_by": None}
    assert [side["strongest"] for side in found["sides"]] == [None, None]


ODD: list[dict[str, Any]] = [
    {"shock": {}},
    {"shock": {"enterprises": ["local:E1"], "region": "110000"}},
    {"shock": {"region": "桃花源"}},
    {"shock": {"industry": "ZZ"}},
    {"shock": {"region": "鼓楼区"}},  # of several cities
    {"severity": 1.5},
    {"exposures": [lent("E1"), lent("E1")]},
    {"exposures": [{**lent("E1"), "pd": 2}]},
    {"kind": "guess"},
]


def test_an_order_that_says_too_much_or_too_little_is_refused(cottage: House) -> None:
    for said in ODD:
        shock(cottage, cottage.bank(MONITORING), 422, **said)


def test_a_past_moment_is_answered_byte_for_byte(chain: House) -> None:
    bank = let(chain, "E1", "E2", "E3")
    first = shock(chain, bank)
    chain.send("invoices.sale", sales(("E1", "E3", 80_000)))
    assert shock(chain, bank, as_of=first["as_of"], known_at=first["known_at"]) == first
