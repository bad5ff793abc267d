"""Figures of ties beside features: the same for a training and for a score, whoever else's file is open."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import polars as pl
import pytest
from profile_house import House

from services.profile.book.domain import relation
from services.profile.book.domain.departure import names_of
from services.profile.graph.domain.figures.declared import OFFERED

HEADER = "企业代号,关系类型,关联方,持股比例,金额,起始日期,终止日期\n"
# A's owners are a firm and a person who is also in charge; of C nobody tells a tie; the ties of others lead to A.
TIES = (
    "A,股东,local:B,40%,4000000,2020-01-01,\n"
    "A,股东,张三,60%,6000000,2020-01-01,\n"
    "A,法定代表人,张三,,,2020-01-01,\n"
    "A,法定代表人,李四,,,2020-01-01,\n"
    "B,股东,local:A,10%,90000000,2019-01-01,\n"
    "B,担保人,local:A,,5000000,2020-01-01,\n"
    "D,法定代表人,张三,,,2020-01-01,\n"
)
SALES = "企业代号,发票号码,开票日期,购方单位代号,金额,税额,价税合计,发票状态\n"
ROWS = "".join(f"{firm},100{n},2026/3/4,E9,1000.00,130.00,1130.00,有效发票\n" for n, firm in enumerate("ABC"))
FIELDS = ["features", "score", "graph"]
NAMES = [each.name for each in OFFERED]


def tell(house: House) -> None:
    house.send("enterprises", "企业代号,企业名称\n" + "".join(f"{name},{name}公司\n" for name in "ABCD"))
    assert house.send("relations", HEADER + TIES)["accepted"] == 7
    assert house.send("invoices.sale", SALES + ROWS)["accepted"] == 3
    house.date_book("2026-06-30")


@pytest.fixture
def told(furnished: Callable[[Callable[[House], Any]], House]) -> House:
    return furnished(tell)


def scored(house: House, firm: str = "A", blocks: tuple[str, ...] = ("graph",), **moment: str) -> dict[str, Any]:
    """Ask as scoring does where it makes a score."""
    order = {"reads": [{"enterprise": f"local:{firm}"}], "what": "new-score", "blocks": list(blocks), **moment}
    found: dict[str, Any] = house.client.post("/v1/feature-reads", json=order, headers=house.bank()).json[0]
    return found


def trained(house: House, blocks: tuple[str, ...] = ("graph",)) -> dict[str, dict[str, Any]]:
    order = {"enterprises": None, "outcomes": True, "blocks": list(blocks)}
    answer = house.client.post("/v1/feature-sets", json=order, headers=house.bank("model-training"))
    assert answer.status_code == 200, answer.json
    return {row["enterprise"]: row for row in pl.read_parquet(BytesIO(answer.data)).to_dicts()}


def figures(values: dict[str, Any]) -> dict[str, float | None]:
    return {name: values[name] for name in NAMES}


def told_figures(house: House, firm: str = "A") -> dict[str, float | None]:
    """Return what the firm's reader is told of the same figures, each with its neighbours."""
    answer = house.client.get(f"/v1/enterprises/local:{firm}/graph-features", headers=house.bank())
    return figures({each["name"]: each["value"] for each in answer.json["figures"]})


def test_a_training_a_score_and_a_reader_have_the_same_figures_whichever_other_files_are_open(told: House) -> None:
    told.consent("local:A", purposes=("credit-assessment", "model-training"), fields=FIELDS)
    alone = (figures(trained(told)["local:A"]), figures(scored(told)["values"]), told_figures(told))
    for firm in ("B", "D"):
        told.consent(f"local:{firm}", purposes=("credit-assessment", "model-training"), fields=FIELDS)
    wide = (figures(trained(told)["local:A"]), figures(scored(told)["values"]), told_figures(told))
    assert alone[0] == alone[1] == alone[2] == wide[0] == wide[1] == wide[2]
    assert (alone[0]["corporate_owners"], alone[0]["managers"], alone[0]["hired_managers"]) == (1.0, 2.0, 1.0)


def test_a_firm_that_only_others_name_has_no_figures_whose_files_ever_are_read_with_its_own(told: House) -> None:
    """C owns a part of E8, as E8's file says; of C itself nobody tells a tie."""
    told.send("enterprises", "企业代号,企业名称\nE8,E8公司\n")
    told.send("relations", HEADER + "E8,股东,local:C,5%,100000,2020-01-01,\n")
    told.date_book("2026-06-30")
    for firm in ("C", "E8"):
        told.consent(f"local:{firm}", purposes=("credit-assessment", "model-training"), fields=FIELDS)
    together = trained(told)
    assert figures(together["local:C"]) == figures(scored(told, "C")["values"]) == dict.fromkeys(NAMES)


def test_each_request_of_a_turn_is_on_record_under_its_own_id(told: House) -> None:
    for firm in "AB":
        told.consent(f"local:{firm}", fields=FIELDS)
    reads = [{"enterprise": f"local:{firm}", "request_id": f"req_of_{firm}"} for firm in "AB"]
    order = {"reads": reads, "what": "new-score", "blocks": ["graph"]}
    assert told.client.post("/v1/feature-reads", json=order, headers=told.bank()).status_code == 200
    for firm in "AB":
        headers = told.owner(f"local:{firm}")
        found = told.client.get(f"/v1/enterprises/local:{firm}/accesses", headers=headers).json["items"]
        assert {(each["what"], each["request_id"]) for each in found} == {
            ("new-score", f"req_of_{firm}"),
            ("graph-set", f"req_of_{firm}"),
        }


def test_without_a_consent_to_ties_for_that_purpose_they_are_unknown_and_no_read_is_recorded(told: House) -> None:
    """Nothing is refused for it: the rest of the file is read as ever, and unknown counts as worse than any value."""
    told.consent("local:A", purposes=("credit-assessment", "model-training"), fields=["features", "score"])
    told.consent("local:A", purposes=("credit-monitoring",), fields=FIELDS)
    assert set(figures(scored(told)["values"]).values()) == {None}
    assert set(figures(trained(told)["local:A"]).values()) == {None}
    path = "/v1/enterprises/local:A/accesses"
    assert {each["what"] for each in told.client.get(path, headers=told.owner("local:A")).json["items"]} == {
        "new-score",
        "feature-set",
    }
    told.consent("local:A", purposes=("credit-assessment",), fields=["graph"])
    assert scored(told)["values"]["managers"] == 2.0
    read = told.client.get(path, headers=told.owner("local:A")).json["items"]
    assert [each["what"] for each in read].count("graph-set") == 1


def test_who_does_not_ask_for_the_block_reads_what_it_always_did(told: House) -> None:
    told.consent("local:A", purposes=("credit-assessment", "model-training"), fields=FIELDS)
    plain, more = scored(told, blocks=()), scored(told)
    assert not set(NAMES) & plain["values"].keys()
    assert plain["values"].items() <= more["values"].items()
    assert plain["features_sha256"] != more["features_sha256"]
    assert more["catalogue"].startswith(f"{plain['catalogue']}+graph-")
    assert not set(NAMES) & trained(told, ())["local:A"].keys()


def test_every_reading_of_a_file_has_the_figures_and_none_of_which_nothing_is_known(told: House) -> None:
    """What the firm itself sends makes a second reading; that of nothing known stays empty, so nobody scores it."""
    told.consent("local:D", purposes=("credit-assessment", "model-training"), fields=FIELDS)
    nothing = scored(told, "D")
    assert set(nothing["values"].values()) == {None}
    body = SALES + "D,7001,2026/5/4,B,900.00,117.00,1017.00,有效发票\n"
    told.client.post(
        "/v1/imports?kind=invoices.sale&filename=own.csv", data=body.encode(), headers=told.owner("local:D")
    )
    told.worker.run_once()
    told.date_book("2026-06-30")
    found = scored(told, "D")
    assert found["values"]["managers"] == found["fuller"]["values"]["managers"] == 1.0
    assert set(found["confirmed"]["values"].values()) == {None}
    assert trained(told)["local:D"]["managers"] == 1.0


def test_what_the_firm_says_of_its_ties_moves_no_figure(told: House) -> None:
    told.consent("local:A", fields=FIELDS)
    before = figures(scored(told)["values"])
    rows = HEADER + "A,股东,local:C,5%,99000000,2021-01-01,\nA,法定代表人,王五,,,2021-01-01,\n"
    told.client.post("/v1/imports?kind=relations&filename=own.csv", data=rows.encode(), headers=told.owner("local:A"))
    told.worker.run_once()
    told.date_book("2026-06-30")
    assert figures(scored(told)["values"]) == before


def test_a_disputed_tie_is_left_out_of_the_view_without_what_is_disputed(told: House) -> None:
    told.consent("local:A", fields=FIELDS)
    rows = told.context.lakes["relations"].read(told.context.lakes["relations"].newest(), without=())
    mine = rows.filter((pl.col("enterprise") == "local:A") & (pl.col("party") == "local:B"))
    item = {"kind": "relations", "record": str(names_of(relation.DATASET, mine)[0])}
    wish = {"item": item, "reason": "not-ours", "statement": "No such owner"}
    headers = told.owner("local:A") | {"Idempotency-Key": "a-tie-that-is-not"}
    answer = told.client.post("/v1/disputes", json=wish, headers=headers)
    assert answer.status_code == 201, answer.json
    found = scored(told)
    assert (found["values"]["corporate_owners"], found["undisputed"]["values"]["corporate_owners"]) == (1.0, 0.0)
    assert found["undisputed"]["values"]["managers"] == 2.0
    assert scored(told, blocks=())["undisputed"] is None


def test_the_past_has_the_figures_of_the_past(told: House) -> None:
    told.consent("local:A", fields=FIELDS)
    first = scored(told)
    told.send("relations", HEADER + "A,股东,local:D,1%,1,2020-06-01,\n")
    told.date_book("2026-06-30")
    assert scored(told)["values"]["corporate_owners"] == 2.0
    assert scored(told, as_of=first["as_of"], known_at=first["known_at"]) == first
