"""Taking an import back over HTTP: its rows end, earlier moments stay as they were, whoever has to know is told."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from profile_house import HEADER, House, counts
from sqlalchemy import delete

from services.profile.book import enterprise_store, state_store, tables

FILE = "/v1/enterprises/E1/features"
SALES = HEADER.replace("销方单位代号", "购方单位代号")


def sale(number: int, status: str = "有效发票", day: str = "2019/1/4") -> str:
    return f"E1,{number},{day},A1,100.00,13.00,113.00,{status}\n"


def drain(house: House) -> None:
    while house.worker.run_once():
        pass


def withdraw(house: House, import_id: str, by: dict[str, str] | None = None) -> Any:
    answer = house.client.post(f"/v1/imports/{import_id}/withdraw", headers=by or house.source)
    drain(house)
    return answer


def features(house: House, known_at: str | None = None, as_of: str = "2019-01-31") -> Any:
    query = {"as_of": as_of, **({"known_at": known_at} if known_at else {})}
    found = house.client.get(FILE, query_string=query, headers=house.owner()).json
    return found["values"]["sales_12m"], found["features_sha256"]


def test_a_withdrawn_import_ends_and_earlier_moments_read_as_they_did(house: House) -> None:
    """Features, size and latest day of the book go back; as known before, the same bytes come."""
    house.send("invoices.sale", SALES + sale(1))
    alone = features(house)
    wrong = house.send("invoices.sale", SALES + sale(2) + sale(3, day="2019/1/30"))
    both, before = features(house), house.book()
    answer = withdraw(house, wrong["id"])
    assert (answer.status_code, answer.json["state"]) == (200, "withdrawing")
    told = house.state(wrong["id"])
    assert (told["state"], told["withdrawal"]["by"], told["withdrawal"]["rows"]) == ("withdrawn", "source-1", 2)
    assert features(house) == alone != both
    assert features(house, before["known_at"]) == both
    now = house.book()
    assert (now["invoices"], now["latest"]) == (1, "2019-01-04")
    assert (before["invoices"], before["latest"]) == (3, "2019-01-30")


def test_the_version_before_stands_again(cottage: House) -> None:
    """An invoice voided by mistake is valid again once the mistake is taken back."""
    cottage.send("invoices.sale", SALES + sale(1))
    valid = features(cottage)
    wrong = cottage.send("invoices.sale", SALES + sale(1, "作废发票"))
    assert features(cottage) != valid
    withdraw(cottage, wrong["id"])
    assert features(cottage) == valid


def test_a_corrected_file_is_taken_after_an_undo_and_so_is_the_same_one(cottage: House) -> None:
    """What was taken back neither holds nor refuses."""
    file = SALES + sale(1) + sale(2)
    first = cottage.send("invoices.sale", file)
    right = features(cottage)
    withdraw(cottage, first["id"])
    again = cottage.send("invoices.sale", file)
    assert counts(again) == (2, 2, 0, 0)
    assert features(cottage) == right


def test_an_import_that_had_repeated_rows_stands_in_for_them(house: House) -> None:
    """Its sender said them as well: whichever of the two is taken back, the other's word stays."""
    first = house.send("invoices.sale", SALES + sale(1) + sale(2))
    second = house.send("invoices.sale", SALES + sale(2) + sale(3))
    third = house.send("invoices.sale", SALES + sale(2))
    assert (counts(second), counts(third)) == ((2, 1, 1, 0), (1, 0, 1, 0))
    withdraw(house, first["id"])
    assert house.state(first["id"])["withdrawal"]["stand_ins"] == [second["id"]]
    assert house.book()["invoices"] == 2
    withdraw(house, second["id"])
    assert house.state(second["id"])["withdrawal"]["stand_ins"] == [third["id"]]
    assert house.book()["invoices"] == 1
    withdraw(house, third["id"])
    assert (house.book()["invoices"], house.book()["latest"]) == (0, None)


def test_the_sender_and_the_operator_may_and_nobody_else(cottage: House) -> None:
    """To others there is no such import; twice is refused in words, as is what cannot be taken back."""
    sent = cottage.send("invoices.sale", SALES + sale(1))
    assert withdraw(cottage, sent["id"], cottage.owner()).status_code == 404
    assert withdraw(cottage, sent["id"], cottage.operator).status_code == 200
    again = withdraw(cottage, sent["id"])
    assert (again.status_code, again.json["type"], again.json["by"]) == (
        409,
        "/problems/import-withdrawn",
        "operator-1",
    )
    failed = cottage.send("invoices.sale", "what,is,this\n1,2,3\n")
    assert withdraw(cottage, failed["id"]).json["type"] == "/problems/import-not-finished"
    early = cottage.send("enterprises", "企业代号,企业名称\nE1,甲\n")
    with cottage.context.database.begin() as session:
        session.execute(delete(tables.EnterpriseStatement))  # of an import before these were kept
    refused = withdraw(cottage, early["id"])
    assert refused.json["type"] == "/problems/import-not-withdrawable"
    assert "以最新报送为准" in refused.json["detail"]


def test_two_who_take_it_back_at_once_do_it_once(house: House) -> None:
    """One is answered that it is done, the other that it is done already."""
    sent = house.send("invoices.sale", SALES + sale(1))
    client, path, by = house.client.application, f"/v1/imports/{sent['id']}/withdraw", house.source

    def post(_: int) -> int:
        return int(client.test_client().post(path, headers=by).status_code)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(post, range(2))) == [200, 409]
    drain(house)
    assert house.state(sent["id"])["withdrawal"]["rows"] == 1


def test_the_ledger_the_firm_and_its_readers_know(house: House) -> None:
    """An entry about the firm with the import and its rows; a notice for the firm and for whoever read its file."""
    sent = house.send("invoices.sale", SALES + sale(1))
    house.consent()
    house.client.get(FILE, headers=house.bank())
    withdraw(house, sent["id"])
    for reader in (house.owner(), house.bank()):
        (notice,) = house.client.get("/v1/notices", headers=reader).json["items"]
        assert (notice["event"], notice["enterprise"], notice["act"]) == ("import-withdrawn", "local:E1", sent["id"])
    entries = house.client.get("/v1/ledger/entries", headers=house.owner()).json["items"]
    (entry,) = [leaf for each in entries if (leaf := json.loads(each["leaf"]))["kind"] == "import-withdrawn"]
    assert (entry["facts"]["import"], entry["facts"]["kind"]) == (sent["id"], "invoices.sale")


def test_outcomes_and_relations_are_taken_back_too(cottage: House) -> None:
    """A default stated by mistake is no label any more; relations go though their file is gone."""
    cottage.send("invoices.sale", SALES + sale(1))
    wrong = cottage.send("outcomes", "企业代号,是否违约\nE1,是\n")
    again = cottage.send("outcomes", "企业代号,是否违约\nE1,是\n")
    assert counts(again) == (1, 0, 1, 0)
    withdraw(cottage, wrong["id"])
    told = cottage.state(wrong["id"])["withdrawal"]
    assert (told["rows"], told["send_again"]) == (1, [again["id"]])
    assert counts(cottage.send("outcomes", "企业代号,是否违约\nE1,是\n")) == (1, 1, 0, 0)
    ties = "enterprise,relation,party,since\nE1,shareholder,张三,2018-01-01\n"
    first, second = cottage.send("relations", ties), cottage.send("relations", ties)
    withdraw(cottage, first["id"])
    assert cottage.state(first["id"])["withdrawal"]["send_again"] == [second["id"]]
    assert counts(cottage.send("relations", ties)) == (1, 1, 0, 0)


def described(house: House) -> dict[str, Any]:
    answer = house.client.get("/v1/enterprises/E1", headers=house.owner()).json
    return {name: answer[name] for name in ("name", "industry", "employees", "size_class")}


def test_descriptions_are_taken_back_too(house: House) -> None:
    """What others said stands, before and since, also where they said the same; the ledger and the firm know."""
    titles = "企业代号,企业名称,行业,从业人员\n"
    first = house.send("enterprises", titles + "E1,甲厂,C13,30\n", "1.csv")
    before = described(house)
    wrong = house.send("enterprises", titles + "E1,乙店,F51,500\n", "2.csv")
    house.send("enterprises", "企业代号,企业名称\nE1,乙店\n", "3.csv")
    withdraw(house, wrong["id"])
    assert house.state(wrong["id"])["withdrawal"]["rows"] == 1
    assert described(house) == {**before, "name": "乙店"}
    assert [each["act"] for each in house.client.get("/v1/notices", headers=house.owner()).json["items"]] == [
        wrong["id"]
    ]
    withdraw(house, first["id"])
    assert described(house) == {"name": "乙店", "industry": None, "employees": None, "size_class": None}


def test_a_moment_before_a_description_was_taken_back_is_as_it_was(cottage: House) -> None:
    """By what was known then."""
    sent = cottage.send("enterprises", "企业代号,企业名称\nE1,甲厂\n")
    with cottage.context.database.read() as session:
        then = state_store.book(session).known_at
    withdraw(cottage, sent["id"])
    with cottage.context.database.read() as session:
        now = state_store.book(session).known_at
        names = [enterprise_store.enterprises_at(session, moment)[0].name for moment in (then, now)]
    assert names == ["甲厂", None]


def test_an_import_that_states_repairs_is_not_taken_back(cottage: House) -> None:
    """What was repaired has left for good."""
    titles = "record,enterprise,number,tier,authority,date,published_on,ends_on,repaired_on\n"
    penalty = "penalty,E1,P-1,general,市场监督管理局,2019-02-01,2019-02-10,2020-02-10,"
    cottage.send("public-records", titles + penalty + "\n")
    repaired = cottage.send("public-records", titles + penalty + "2019-09-01\n")
    assert withdraw(cottage, repaired["id"]).json["type"] == "/problems/import-not-withdrawable"
