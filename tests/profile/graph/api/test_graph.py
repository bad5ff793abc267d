"""The graph around a firm over HTTP: what it shows, to whom, and what of others it never does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from profile_house import House
from signal_books import work_off

from services.profile.book.usecases.gather import gather
from services.profile.graph.tie_store import TieStore
from services.profile.graph.usecases import file_ties, read_graph
from services.profile.graph.usecases.keep_ties import refresh

SALES = "enterprise,number,date,buyer,net,tax,total,status\n"
PURCHASES = SALES.replace("buyer", "seller")
PAYMENTS = "direction,enterprise,reference,counterparty,date,amount,status\n"
RELATIONS = "relation,enterprise,party,since,share\n"
KINDS = {"trade", "equity", "person", "guarantee", "address", "phone"}


def trade(*rows: tuple[str, str, str, str, int], head: str = SALES) -> str:
    return head + "".join(f"{firm},{n},{day},{other},{net},0,{net},valid\n" for firm, n, day, other, net in rows)


def graph(house: House, headers: dict[str, str], query: str = "", firm: str = "E1") -> dict[str, Any]:
    answer = house.client.get(f"/v1/enterprises/{firm}/graph?{query}", headers=headers)
    assert answer.status_code == 200, answer.json
    return dict(answer.json)


def of(found: dict[str, Any], source: str, target: str, kind: str = "trade") -> dict[str, Any]:
    [edge] = [e for e in found["edges"] if (e["source"], e["target"], e["type"]) == (source, target, kind)]
    return dict(edge)


def nodes(found: dict[str, Any]) -> dict[str, bool]:
    return {node["id"]: node["open"] for node in found["nodes"]}


def lend(house: House, *firms: str) -> dict[str, str]:
    for firm in firms:
        house.consent(f"local:{firm}", fields=["graph"])
    return house.bank()


E1 = (
    ("E1", "1", "2024-01-10", "E2", 300),
    ("E1", "2", "2024-01-20", "E2", 100),
    ("E1", "3", "2024-02-10", "E2", -50),
    ("E1", "4", "2024-03-01", "K1", 150),
    ("E1", "5", "2022-03-01", "K2", 20),
)


def settle(house: House) -> None:
    """E1 sells to E2, K1 and K2; E2 tells its purchases from E1 and K3, and its sales to K4."""
    house.send("invoices.sale", trade(*E1, ("E2", "8", "2024-03-05", "K4", 70)))
    house.send(
        "invoices.purchase",
        trade(("E2", "1", "2024-01-10", "E1", 300), ("E2", "9", "2024-02-02", "K3", 100), head=PURCHASES),
    )
    house.date_book("2024-03-31")


@pytest.fixture
def town(furnished: Callable[[Callable[[House], Any]], House]) -> House:
    return furnished(settle)


def test_a_tie_tells_its_value_number_rhythm_days_and_share(town: House) -> None:
    """Net after the red letter; gaps of the days with blue invoices; the share of 12 months and of all time."""
    found = graph(town, town.owner())
    assert (found["as_of"], found["depth"], set(found["types"])) == ("2024-03-31", 1, KINDS)
    tie = of(found, "local:E1", "local:E2")
    [said] = tie["trade"]
    assert (tie["source_share"], tie["target_share"]) == (0.7, None)
    figures = ("net_fen", "invoices", "first_on", "last_on", "usual_gap_days", "channels", "unconfirmed_fen")
    assert [said[name] for name in figures] == [35000, 2, "2024-01-10", "2024-02-10", 10, ["government"], 0]
    assert said["share"] == pytest.approx(35000 / 52000)
    old = of(found, "local:E1", "local:K2")["trade"][0]
    assert (old["net_12m_fen"], old["share_12m"], old["usual_gap_days"]) == (0, 0, None)


def test_a_past_day_leaves_out_what_came_after_it(town: House) -> None:
    found = graph(town, town.owner(), "as_of=2024-01-15")
    assert of(found, "local:E1", "local:E2")["trade"][0]["net_fen"] == 30000
    assert set(nodes(found)) == {"local:E1", "local:E2", "local:K2"}


@pytest.mark.parametrize("depth", [1, 3])
def test_of_a_firm_whose_file_is_shut_nothing_is_told_not_even_whether_there_is_one(town: House, depth: int) -> None:
    """To the firm itself and to a bank: E2, whose file is in the book, reads as K1, of which nothing is known."""
    for headers in (town.owner(), lend(town, "E1")):
        found = graph(town, headers, f"depth={depth}")
        assert nodes(found) == {"local:E1": True, "local:E2": False, "local:K1": False, "local:K2": False}
        one, other = (
            {k: v for k, v in n.items() if k != "id"} for n in found["nodes"] if n["id"] in ("local:E2", "local:K1")
        )
        assert one == other
        assert {tuple(e["trade"][0]["told_by"] for e in found["edges"])} == {("local:E1",) * 3}


def test_the_file_of_a_partner_that_is_open_too_is_read_and_the_read_recorded(town: House) -> None:
    found = graph(town, lend(town, "E1", "E2"), "depth=2")
    assert nodes(found) == {f"local:{name}": name in ("E1", "E2") for name in ("E1", "E2", "K1", "K2", "K3", "K4")}
    both = of(found, "local:E1", "local:E2")
    assert [said["told_by"] for said in both["trade"]] == ["local:E1", "local:E2"]
    assert [said["net_fen"] for said in both["trade"]] == [35000, 30000]
    assert (both["source_share"], both["target_share"]) == (0.7, 0.75)
    assert of(found, "local:K3", "local:E2")["source_share"] is None
    for firm in ("E1", "E2"):
        reads = town.client.get(f"/v1/enterprises/{firm}/accesses", headers=town.owner(f"local:{firm}")).json["items"]
        assert [read["what"] for read in reads] == ["graph"]


def test_a_bank_whose_consent_is_for_other_fields_is_refused(town: House) -> None:
    town.consent("local:E1")
    answer = town.client.get("/v1/enterprises/E1/graph", headers=town.bank())
    assert (answer.status_code, answer.json["fields"]) == (403, ["graph"])


def test_what_had_no_room_is_counted_and_the_order_told(town: House) -> None:
    """The largest trade of 12 months comes first."""
    found = graph(town, town.owner(), "most=2")
    assert set(nodes(found)) == {"local:E1", "local:E2"}
    assert {name: found["left_out"][name] for name in ("firms", "ties", "shared")} == {
        "firms": 2,
        "ties": 2,
        "shared": 0,
    }
    assert found["left_out"]["order"]["zh"]


def register(house: House) -> None:
    house.send(
        "relations",
        RELATIONS
        + "person-in-charge,E1,张三,2020-01-01,\nperson-in-charge,E5,张三,2020-01-01,\naddress,E1,某路1号,2020-01-01,\n"
        + "shareholder,E1,local:K9,2020-01-01,0.6\nguarantor,E6,local:E1,2020-01-01,\nphone,E6,010-1,2020-01-01,\n",
    )
    house.date_book("2024-03-31")


def test_a_person_is_drawn_only_where_two_open_files_share_it(town: House) -> None:
    """And under a number of the answer: the keyed hash stays in the house."""
    register(town)
    alone = graph(town, lend(town, "E1"), "depth=2")
    assert not [node for node in alone["nodes"] if node["kind"] != "enterprise"]
    found = graph(town, lend(town, "E5"), "depth=2")
    assert (nodes(found)["person:1"], nodes(found)["local:E5"]) == (False, True)
    tie = of(found, "person:1", "local:E5", "person")
    assert (
        tie["registered"][0] | {"told_by": "local:E5", "relation": "person-in-charge", "confirmed": True}
        == tie["registered"][0]
    )
    assert "hash:" not in str(found)
    assert "张三" not in str(found)


def crowd(house: House, firms: int) -> str:
    """Let so many firms name one phone and one person, E1 first; a bank may read E1, E2 and the first five others."""
    named = ["E1", "E2", *(f"F{n:02}" for n in range(firms - 2))]
    rows = "".join(f"phone,{firm},010-1,,\nperson-in-charge,{firm},张伟,,\n" for firm in named)
    house.send("relations", RELATIONS + rows + "address,E1,某路1号,,\naddress,F00,某路1号,,\n")
    house.date_book("2024-03-31")
    return "depth=2&types=phone,person,address"


def test_a_phone_of_an_agency_or_a_common_name_opens_nobodys_file(town: House) -> None:
    """Ten firms name both: through neither is anything followed, and the answer says so; the address still ties two."""
    query = crowd(town, 10)
    found = graph(town, lend(town, "E1", "E2", *(f"F{n:02}" for n in range(5))), query)
    assert {name for name, read in nodes(found).items() if read} == {"local:E1", "local:F00"}
    assert {node["id"]: node["crowded"] for node in found["nodes"] if node["kind"] != "enterprise"} == {
        "address:1": False,
        "person:1": True,
        "phone:1": True,
    }
    assert found["left_out"]["crowded"] == 2
    assert "代理机构" in found["left_out"]["not_followed"]["zh"]


def test_nine_firms_are_no_crowd(town: House) -> None:
    query = crowd(town, 9)
    found = graph(town, lend(town, "E1", "E2", *(f"F{n:02}" for n in range(5))), query)
    assert len([name for name, read in nodes(found).items() if read]) == 7
    assert found["left_out"]["crowded"] == 0


def test_a_crowd_that_open_trade_partners_share_is_marked_too(town: House) -> None:
    """E2 is read as a partner of E1; that both have the agency's phone says little."""
    crowd(town, 10)
    found = graph(town, lend(town, "E1", "E2"), "depth=2&types=trade,phone")
    assert [node["crowded"] for node in found["nodes"] if node["kind"] == "phone"] == [True]


@pytest.mark.parametrize("firms", [9, 10, 14])
def test_the_store_tells_a_crowd_as_the_lake_does(town: House, monkeypatch: pytest.MonkeyPatch, firms: int) -> None:
    """Whether a few of a party's rows show it, or all must be looked at."""
    query = crowd(town, firms)
    bank = lend(town, "E1", "E2", *(f"F{n:02}" for n in range(5)))
    from_lakes = graph(town, bank, query)
    refresh(town.context)
    for enough in (3, 10, 12, 200):
        monkeypatch.setattr(file_ties, "ENOUGH", enough)
        assert graph(town, bank, query) == from_lakes


def test_a_tie_of_a_register_is_disputed_by_the_name_that_the_graph_tells(town: House) -> None:
    register(town)
    headers = town.owner("local:E1")
    (tie,) = of(graph(town, headers), "local:K9", "local:E1", "equity")["registered"]
    assert tie["disputed"] is False
    item = {"kind": "relations", "record": tie["record"]}
    told = {"item": item, "reason": "not-ours", "statement": "K9 sold its shares in 2019."}
    made = town.client.post("/v1/disputes", json=told, headers=headers | {"Idempotency-Key": "1"})
    assert made.status_code == 201, made.json
    (marked,) = of(graph(town, lend(town, "E1")), "local:K9", "local:E1", "equity")["registered"]
    assert (marked["record"], marked["disputed"]) == (tie["record"], True)


def test_a_tie_that_another_firms_register_tells_is_drawn_where_its_file_is_open(town: House) -> None:
    """E1 guarantees for E6, as E6's register says: the bank sees it with E6's consent, and E1 without it does not."""
    register(town)
    assert "local:E6" not in nodes(graph(town, lend(town, "E1"), "depth=3"))
    found = graph(town, lend(town, "E6"), "depth=2&types=guarantee,equity")
    assert nodes(found) == {"local:E1": True, "local:E6": True, "local:K9": False}
    assert of(found, "local:E1", "local:E6", "guarantee")["registered"][0]["told_by"] == "local:E6"
    assert of(found, "local:K9", "local:E1", "equity")["registered"][0]["share"] == 0.6


NAMED = "enterprise,number,date,buyer_name,buyer,net,tax,total,status\n"


def test_a_name_that_fits_two_codes_is_told_and_not_merged(town: House) -> None:
    """Of the firms that the reader may list; to one who may list none of them, the name stands by itself."""
    for firm, name in (("E2", "杭州甲乙商贸有限公司"), ("E3", "宁波甲乙商贸有限公司")):
        town.send("enterprises", f"enterprise,name\n{firm},{name}\n")
    rows = "".join(
        f"E1,7{place},2024-03-0{place},{name},,10,0,10,valid\n"
        for place, name in enumerate(["甲乙商贸有限公司", "宁波甲乙商贸有限公司", "丙丁食品有限公司"], 1)
    )
    town.send("invoices.sale", NAMED + rows)
    town.date_book("2024-03-31")
    found = graph(town, lend(town, "E1", "E2", "E3"), "types=trade")
    told = {
        name["written"]: (node["id"], name["by"], name["candidates"])
        for node in found["nodes"]
        for name in node["names"]
    }
    assert told == {
        "甲乙商贸有限公司": ("name:甲乙商贸有限公司", "itself", ["local:E2", "local:E3"]),
        "宁波甲乙商贸有限公司": ("local:E3", "name", []),
        "丙丁食品有限公司": ("name:丙丁食品有限公司", "itself", []),
    }
    own = graph(town, town.owner())
    assert all(each["candidates"] == [] and each["by"] == "itself" for node in own["nodes"] for each in node["names"])


def test_what_only_the_firm_says_is_marked_until_another_bears_it_out(town: House) -> None:
    body = trade(("E1", "77", "2024-03-02", "K5", 500)).encode()
    town.client.post("/v1/imports?kind=invoices.sale&filename=own.csv", data=body, headers=town.owner())
    work_off(town)
    bank = lend(town, "E1")
    said = of(graph(town, bank), "local:E1", "local:K5")["trade"][0]
    assert (said["channels"], said["own_word_fen"], said["unconfirmed_fen"]) == (["subject"], 50000, 50000)
    town.send("payments", PAYMENTS + "in,E1,r1,K5,2024-03-20,500,valid\n")
    town.date_book("2024-03-31")
    borne = of(graph(town, bank), "local:E1", "local:K5")["trade"][0]
    assert (borne["own_word_fen"], borne["unconfirmed_fen"], borne["paid_fen"], borne["payments"]) == (
        50000,
        0,
        50000,
        1,
    )


def test_a_past_time_gives_the_bytes_that_were_given_then(house: House) -> None:
    """From the store when it was the present, from the lake when it is past; with two files open."""
    house.send("invoices.sale", trade(*E1, ("E2", "8", "2024-03-05", "K4", 70)))
    house.send("invoices.sale", NAMED + "E1,71,2024-03-01,丙丁食品有限公司,,10,0,10,valid\n")
    house.send("payments", PAYMENTS + "in,E1,r1,K1,2024-03-20,150,valid\nout,E2,r2,K7,2024-03-21,9,valid\n")
    own = trade(("E1", "77", "2024-03-02", "K1", 500), ("E1", "78", "2024-03-03", "K5", 60)).encode()
    house.client.post("/v1/imports?kind=invoices.sale&filename=own.csv", data=own, headers=house.owner())
    work_off(house)
    register(house)
    bank = lend(house, "E1", "E2", "E5", "E6")
    url = "/v1/enterprises/E1/graph?depth=3&as_of=2024-03-31"
    from_lakes = house.client.get(url, headers=bank)
    refresh(house.context)
    then = house.client.get(url, headers=bank)
    assert then.data == from_lakes.data
    assert all(text in then.text for text in ('"paid_fen":15000', '"own_word_fen":6000', '"by":"itself"'))
    house.send("payments", PAYMENTS + "in,E1,r1,K1,2024-03-20,150,reversed\n")
    house.send("invoices.sale", trade(("E1", "4", "2024-03-01", "K1", 999), ("E2", "10", "2024-01-01", "K9", 5)))
    house.send("relations", RELATIONS + "address,E2,某路1号,2020-01-01,\n")
    known_at = then.json["known_at"].replace("+", "%2B")
    assert house.client.get(f"{url}&known_at={known_at}", headers=bank).data == then.data
    assert house.client.get(url, headers=bank).json["edges"] != then.json["edges"]


def test_a_depth_a_kind_or_a_size_that_there_is_not_is_refused_in_words(town: House) -> None:
    for query in ("depth=4", "types=friendship", "most=0"):
        assert town.client.get(f"/v1/enterprises/E1/graph?{query}", headers=town.owner()).status_code == 422


def test_a_consent_with_limited_reads_pays_for_each_hop_once(house: House) -> None:
    """The firm's own and a partner's, each with one read a day: the second question is refused and not recorded."""
    house.send("invoices.sale", trade(*E1, ("E2", "8", "2024-03-05", "K4", 70)))
    for firm in ("E1", "E2"):
        house.consent(f"local:{firm}", fields=["graph"], most_reads_a_day=1)
    assert nodes(graph(house, house.bank(), "depth=2&as_of=2024-03-31"))["local:E2"]
    again = house.client.get("/v1/enterprises/E1/graph?depth=2&as_of=2024-03-31", headers=house.bank())
    assert (again.status_code, again.json["most_reads_a_day"]) == (429, 1)
    for firm in ("E1", "E2"):
        reads = house.client.get(f"/v1/enterprises/{firm}/accesses", headers=house.owner(f"local:{firm}")).json["items"]
        assert [read["what"] for read in reads] == ["graph"]


def test_an_answer_that_fails_on_its_way_shows_nothing_and_records_no_read(
    town: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = lend(town, "E1", "E2")
    refresh(town.context)

    def fail(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(read_graph, "read_naming", fail)
    assert town.client.get("/v1/enterprises/E1/graph?depth=2", headers=bank).status_code == 500
    assert town.client.get("/v1/enterprises/E1/accesses", headers=town.owner()).json["items"] == []


@pytest.mark.parametrize("gone", ["daily", "registers"])
def test_where_the_store_s_files_are_gone_the_lakes_are_read_and_no_writer_waits_for_it(
    town: House, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    """Another process has put a newer graph in its place: the same answer, and others may write meanwhile."""
    query = crowd(town, 9)
    bank = lend(town, "E1", "E2", *(f"F{n:02}" for n in range(5)))
    refresh(town.context)
    from_store = graph(town, bank, query)
    wrote = []

    def missing(*_: object) -> None:
        raise FileNotFoundError

    def writing_meanwhile(*given: Any) -> Any:
        with town.context.database.connection(writes=True):
            wrote.append(1)
        return gather(*given)

    monkeypatch.setattr(TieStore, gone, missing)
    monkeypatch.setattr(file_ties, "gather", writing_meanwhile)
    assert graph(town, bank, query) == from_store
    assert len(wrote) == 2
