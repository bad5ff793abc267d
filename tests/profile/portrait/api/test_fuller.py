"""What a file would be had it shown more, in the answers that a score is made from, and since when the firm exists."""

from __future__ import annotations

import io
from typing import Any

import polars as pl
import pytest
from profile_house import House

HEAD = "企业代号,发票号码,开票日期,购方单位代号,金额,税额,价税合计,发票状态\n"
BOUGHT = "企业代号,发票号码,开票日期,销方单位代号,金额,税额,价税合计,发票状态\n"
MONTHS = tuple(f"2019/{month}/20" for month in range(7, 13))
AS_OF = "2019-12-31"
FILE = "/v1/enterprises/local:E1"


def rows(days: Any, number: int, partner: str) -> str:
    return "".join(f"E1,{number + n},{day},{partner},1000.00,130.00,1130.00,有效发票\n" for n, day in enumerate(days))


@pytest.fixture
def firm(house: House) -> House:
    """Half a year of a sale a month, three months of purchases."""
    house.send("invoices.sale", HEAD + rows(MONTHS, 1001, "A1"))
    house.send("invoices.purchase", BOUGHT + rows(MONTHS[-3:], 2001, "B1"))
    return house


def features(house: House, query: str = "") -> Any:
    answer = house.client.get(f"{FILE}/features?as_of={AS_OF}{query}", headers=house.owner())
    assert answer.status_code == 200, answer.json
    return answer.json


def describe(house: House, day: str, headers: dict[str, str] | None = None) -> None:
    body = {"name": "某公司", "established_on": day}
    answer = house.client.put(FILE, json=body, headers=headers or house.source)
    assert answer.status_code in (200, 201), answer.json


def test_a_short_file_tells_what_it_shows_and_what_it_would_be(firm: House) -> None:
    """Six months of sales six times are thirty-six."""
    fuller = features(firm)["fuller"]
    assert (fuller["shown"], fuller["window"], fuller["registered_on"]) == ({"sale": 6, "purchase": 3}, 36, None)
    assert fuller["values"]["sales_active_months_36m"] == 36.0
    assert fuller["values"]["sales_36m"] == 6 * features(firm)["values"]["sales_36m"]


def test_the_months_written_as_invoices_give_the_fuller_file_s_own_hash(firm: House) -> None:
    """To the bit, and then all is shown and nothing is supposed."""
    told = features(firm)["fuller"]
    years = [(year, month) for year in (2017, 2018, 2019) for month in range(1, 13)]
    firm.send("invoices.sale", HEAD + rows([f"{y}/{m}/20" for y, m in years[:30]], 3001, "A1"))
    firm.send("invoices.purchase", BOUGHT + rows([f"{y}/{m}/20" for y, m in years[:33]], 4001, "B1"))
    found = features(firm)
    assert found["features_sha256"] == told["features_sha256"]
    assert found["fuller"] is None


def test_before_a_registration_that_another_states_nothing_is_supposed(firm: House) -> None:
    """The stored answer does not hold when it becomes known; the features themselves are the same."""
    before = features(firm)
    describe(firm, "2019-07-05")
    after = features(firm)
    assert after["values"] == before["values"]
    fuller = after["fuller"]
    assert (fuller["window"], fuller["registered_on"], fuller["shown"]["sale"]) == (6, "2019-07-05", 6)
    assert fuller["values"]["sales_36m"] == after["values"]["sales_36m"]
    assert fuller["values"]["purchases_36m"] == 2 * after["values"]["purchases_36m"]


def test_a_registration_that_only_the_firm_states_counts_for_nothing(firm: House) -> None:
    """Nor does it undo what another has stated."""
    describe(firm, "2019-07-05", firm.owner())
    assert features(firm)["fuller"]["registered_on"] is None
    describe(firm, "2018-07-05")
    describe(firm, "2019-07-05", firm.owner())
    assert features(firm)["fuller"]["registered_on"] == "2018-07-05"


def test_a_past_moment_knows_the_registration_of_its_time(firm: House) -> None:
    known_at = features(firm)["known_at"]
    describe(firm, "2019-07-05")
    then = features(firm, f"&known_at={known_at.replace('+', '%2B')}")
    assert then["fuller"]["registered_on"] is None
    assert features(firm)["fuller"]["registered_on"] == "2019-07-05"


def test_a_registration_in_a_file_counts_by_its_channel_and_leaves_with_its_import(firm: House) -> None:
    """A list that somebody sends as the firm's own word proves nothing; one that is taken back does not any more."""
    table = "企业代号,企业名称,成立日期\nE1,某公司,2019-07-05\n"

    def sent(channel: str) -> str:
        query = f"kind=enterprises&filename=e.csv&channel={channel}"
        answer = firm.client.post(f"/v1/imports?{query}", data=table.encode(), headers=firm.source)
        assert answer.status_code == 202, answer.json
        firm.worker.run_once()
        return str(answer.json["id"])

    sent("subject")
    assert features(firm)["fuller"]["registered_on"] is None
    order = sent("government")
    assert features(firm)["fuller"]["registered_on"] == "2019-07-05"
    assert firm.client.post(f"/v1/imports/{order}/withdraw", headers=firm.source).status_code == 200
    while firm.worker.run_once():
        pass
    assert features(firm)["fuller"]["registered_on"] is None


def test_a_table_for_scores_has_fuller_files_and_any_other_has_none(firm: House) -> None:
    """What is supposed stands beside a score and nowhere else."""
    order = {"enterprises": ["local:E1"], "as_of": AS_OF, "outcomes": False}
    for what, purpose, told in (("new-score", "credit-assessment", True), ("match", "financing-match", False)):
        firm.consent(purposes=(purpose,))
        headers = firm.bank(purpose=purpose)
        answer = firm.client.post("/v1/feature-tables", json={**order, "what": what}, headers=headers)
        assert answer.status_code == 200, answer.json
        table = pl.read_parquet(io.BytesIO(answer.data))
        assert ("fuller" in table.columns) == told
        if told:
            (found,) = table["fuller"].to_list()
            assert found == features(firm)["fuller"]
