"""The index as its readers meet it: ordered by the operator, made by the worker, told of no firm."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from profile_house import open_house

from smecredit.rendering.supervision import index

PLACES = {"130100": 24, "130200": 14, "110105": 13, "120101": 4}
RECORDS = "record,enterprise,number,tier,grade,authority,date,published_on\n"


def files(names):
    """Return firms in four places and what a tax office and courts say of them."""
    firms = "enterprise,name,industry,region\n" + "".join(f"{name},{name}公司,C13,{place}\n" for name, place in names)
    grades = "ABCD"
    told = [
        f"tax-grade,{name},T{at},,{grades[at % 4]},税务局,2022-04-01,2022-04-0{1 + at % 9}\n"
        for at, (name, _) in enumerate(names)
    ]
    punished = [
        f"penalty,{name},P{at},general,,市场监管局,2022-05-01,2022-05-0{1 + at % 9}\n"
        for at, (name, _) in enumerate(names)
        if at % 3 == 0
    ]
    return firms, RECORDS + "".join(told + punished)


def named():
    return [(f"local:{place}-{at}", place) for place, count in PLACES.items() for at in range(count)]


def filled(home, verifier, tokens, *, turned=False):
    found = open_house(f"sqlite:///{home / 'profile.db'}", home, verifier, tokens)
    found.follows = False
    found.date_book("2022-06-30")
    firms, records = files(named())
    if turned:
        firms, records = (
            "\n".join([each.splitlines()[0], *each.splitlines()[:0:-1]]) + "\n" for each in (firms, records)
        )
    for kind, content in (("enterprises", firms), ("public-records", records)):
        answer = found.send(kind, content)
        assert answer["rejected"] == 0, found.rejects(answer["id"])
    return found


@pytest.fixture(scope="module")
def house(tmp_path_factory, verifier, tokens):
    found = filled(tmp_path_factory.mktemp("home"), verifier, tokens)
    order(found, {"from": "2022-04", "to": "2022-06"})
    return found


def order(house, body, key="k1"):
    headers = house.operator | {"Idempotency-Key": key}
    answer = house.client.post("/v1/indices", json=body, headers=headers)
    if answer.status_code == 202:
        while house.worker.run_once():
            pass
    return answer


def read(house, query="", headers=None):
    return house.client.get(f"/v1/indices{query}", headers=headers or house.bank(None))


def test_the_country_adds_up_and_says_what_moved_it(house):
    """Index, components and change in decimals, exactly; without a penalty the months before stood higher."""
    page = read(house).json
    assert [item["month"] for item in page["items"]] == ["2022-04", "2022-05", "2022-06"]
    assert [month["month"] for month in page["months"]] == ["2022-04", "2022-05", "2022-06"]
    april, may, _ = page["items"]
    for item in page["items"]:
        assert item["firms"] == sum(PLACES.values())
        assert sum(Decimal(str(each)) for each in item["components"].values()) == Decimal(str(item["index"]))
    change = may["change"]
    parts = [*change["components"].values(), change["composition"]]
    assert sum(Decimal(str(each)) for each in parts) == Decimal(str(change["total"]))
    assert change["total"] == pytest.approx(may["index"] - april["index"])
    assert change["components"]["compliance"] < 0
    assert page["synthetic"] is False
    assert page["least_firms"] == 10


def test_few_firms_and_what_would_tell_of_them_are_hidden(house):
    """Four firms of Tianjin are not told, nor so much beside them that they could be computed."""
    items = read(house, "?level=province&from=2022-06").json["items"]
    shown = {item["region"]["code"]: item for item in items}
    assert set(shown) == {"110000", "120000", "130000"}
    assert shown["120000"]["hidden"]
    assert sum(not item["hidden"] for item in items) == 1
    assert shown["120000"]["firms"] is shown["120000"]["index"] is shown["120000"]["change"] is None
    prefectures = read(house, "?level=prefecture&region=河北省&from=2022-06").json["items"]
    assert [item["region"]["code"] for item in prefectures] == ["130100", "130200"]


def test_a_month_is_published_once(house):
    """A second version would tell of those of whom more became known; the same order again is the same order."""
    again = order(house, {"from": "2022-06", "to": "2022-06"}, "k2")
    assert (again.status_code, again.json["latest"]) == (409, "2022-06")
    assert order(house, {"from": "2022-07", "to": "2022-07"}, "k3").status_code == 422
    same = order(house, {"from": "2022-04", "to": "2022-06"})
    state = house.client.get(f"/v1/indices/orders/{same.json['id']}", headers=house.operator).json
    assert (state["state"], state["done"], len(state["months"])) == ("done", 3, 3)
    assert house.client.get("/v1/indices/orders/job_0", headers=house.operator).status_code == 404


def test_everybody_reads_it_and_no_read_of_a_file_is_recorded(house):
    """A firm and a bank without any consent get the same bytes, and nobody's file was opened."""
    firm = "local:120101-0"
    assert read(house, headers=house.owner(firm)).data == read(house).data
    accesses = house.client.get(f"/v1/enterprises/{firm}/accesses", headers=house.owner(firm)).json
    assert accesses["items"] == []
    assert firm.encode() not in read(house, "?level=prefecture&industry=each&limit=500").data


def test_it_comes_as_a_table_too(house):
    """A line a cell; a hidden one has empty figures."""
    answer = read(house, "?level=province&format=csv&from=2022-06&to=2022-06")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["region"] for row in rows] == ["110000", "120000", "130000"]
    assert {row["index"] for row in rows if row["firms"] == ""} == {""}
    assert {row["synthetic"] for row in rows} == {"false"}


def test_the_command_draws_the_months_and_says_what_is_hidden(house, capsys):
    """A bar for what is published, a word for what is not, and how to publish where nothing is."""
    index(read(house, "?level=province&from=2022-06").json)
    shown = capsys.readouterr().out
    assert "█" in shown
    assert "不予公布" in shown
    assert "河北省" in shown
    assert "payment: 履约能力" in shown
    index(read(house, "?from=2030-01").json)
    assert "smecredit publish-index" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?region=亚特兰蒂斯", "GB/T 2260"),
        ("?industry=ZZ", "GB/T 4754"),
        ("?level=nation&region=130100", "finer"),
        ("?from=2022-13", "2026-03"),
        ("?from=２０２２-01", "2026-03"),
        ("?from=2022-01%0A", "2026-03"),
        ("?from=0000-01", "2026-03"),
        ("?from=2022-06&to=2022-04", "earlier month first"),
        ("?region=139900", "GB/T 2260"),
    ],
)
def test_what_there_is_not_is_refused(house, query, says):
    """Each refusal says what is needed."""
    answer = read(house, query)
    assert answer.status_code == 422
    assert says in answer.text


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"from": "2022-06", "to": "2022-05"}, "comes after"),
        ({"from": "2022-07"}, "comes after"),
        ({"from": "0000-01"}, "2026-03"),
        ({"to": "9999-12"}, "2026-03"),
        ({"from": "2022-04\n"}, "2026-03"),
    ],
)
def test_an_order_of_no_months_is_refused(house, body, says):
    """As what it is, and not as months that are published already."""
    answer = order(house, body, f"none {body}")
    assert answer.status_code == 422
    assert says in answer.text


def test_a_region_that_is_told_can_be_asked_for(house):
    """Districts of Beijing stand together under 110100, which the table of regions does not name."""
    told = read(house, "?level=prefecture&from=2022-06").json["items"]
    codes = {item["region"]["code"] for item in told}
    assert "110100" in codes
    for code in sorted(codes):
        found = read(house, f"?region={code}&level=prefecture&from=2022-06").json["items"]
        assert [item["region"]["code"] for item in found] == [code]


def test_the_same_book_gives_the_same_months(house, tmp_path, verifier, tokens):
    """However its rows came, the published figures are the same."""
    other = filled(tmp_path, verifier, tokens, turned=True)
    order(other, {"from": "2022-04", "to": "2022-06"})
    for query in ("", "?level=province", "?level=prefecture&industry=each"):
        assert read(other, query).json["items"] == read(house, query).json["items"]


def test_one_firm_more_is_not_told_by_the_month_after(house):
    """It waits until ten come: the month after has as many firms, and whoever subtracts finds nothing of it."""
    house.send("enterprises", "enterprise,name,industry,region\nlocal:N1,新公司,C13,130100\n")
    house.send("public-records", RECORDS + "penalty,local:N1,P77,serious,,市场监管局,2022-06-01,2022-06-02\n")
    house.date_book("2022-07-31")
    assert order(house, {}, "k9").json["months"] == ["2022-07"]
    item = read(house, "?from=2022-07").json["items"][0]
    assert item["firms"] == sum(PLACES.values())
    assert item["change"]["composition"] == 0
