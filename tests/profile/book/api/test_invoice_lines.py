"""The lines of invoices: kept beside them, alike from every form of file, and ended, erased and replayed with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from electronic_invoices import BUYER, SELLER, xml, zipped
from profile_house import House, counts
from sqlalchemy import select
from workbooks import xlsx

from chassis.data import jobs, leases
from services.profile.book import departures, state_store, step_store
from services.profile.book.domain.departure import Cause, Departure, names_of
from services.profile.book.domain.invoice_lines import DATASET
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.usecases import load
from services.profile.book.usecases.gather import WITH_LINES, gather
from services.profile.rights.usecases.shred import shred

FIRM = f"uscc:{SELLER}"
TITLES = (
    "数电发票号码,销方识别号,购方识别号,开票日期,货物或应税劳务名称,规格型号,单位,数量,单价,金额,税率,税额,"
    "价税合计,发票状态"
)
WHOLE = "数电发票号码,销方识别号,购方识别号,开票日期,金额,税额,价税合计,发票状态"
DAY = "&as_of=2024-06-01"
ONE, TWO = "24352000000000000001", "24352000000000000002"
STEEL, FREIGHT = "*钢材*板,,,,,100.00,13%,13.00,113.00", "*运输*费,,,,,20.50,免税,***,20.50"
BEAMS = "*钢材*梁,H200,吨,2,1000,2000.00,13%,260.00,2260.00"


def sheet(*lines: str, number: str = ONE, titles: str = TITLES) -> str:
    """Return a sheet with the lines of one invoice."""
    rows = (f"{number},{SELLER},{BUYER},2024-03-05,{line.replace('***', '0')},正常\n" for line in lines)
    return f"{titles}\n{''.join(rows)}"


def whole(number: str = ONE, sums: str = "120.50,13.00,133.50") -> str:
    return sheet(sums, number=number, titles=WHOLE)


def known(house: House, known_at: datetime | None = None) -> dict[str, list[dict[str, Any]]]:
    """Return the lines of each invoice as they are known at a moment."""
    with house.context.database.read() as session:
        state, versions = state_store.book(session), step_store.lake_versions(session, known_at)
    moment = Moment(versions.get("invoices", 0), date(2026, 1, 1), known_at, state.departures)
    rows = gather(house.context, moment, Whole(Why.REPLAY, (FIRM,)), WITH_LINES).invoice_lines
    return {row["number"]: orjson.loads(row["lines"]) for row in rows.iter_rows(named=True)}


def goods(house: House, number: str = ONE, known_at: datetime | None = None) -> list[str]:
    return [line["goods"] for line in known(house, known_at).get(number, [])]


def held(house: House) -> pl.DataFrame:
    """Return all that the lake of lines holds, but for what differs from one import to the next."""
    lake = house.context.lakes[DATASET.name]
    return lake.read(lake.newest(), without=()).select(*DATASET.content, "version").sort(DATASET.content)


def now(house: House) -> datetime:
    with house.context.database.read() as session:
        return state_store.book(session).known_at


def undo(house: House, import_id: str) -> None:
    assert house.client.post(f"/v1/imports/{import_id}/withdraw", headers=house.source).status_code == 200
    while house.worker.run_once():
        pass


def test_two_equal_lines_are_two_lines(house: House) -> None:
    answer = house.send("invoices.sale", sheet(BEAMS, BEAMS))
    assert counts(answer) == (2, 2, 0, 0)
    beam = {
        "goods": "*钢材*梁",
        "class_code": None,
        "spec": "H200",
        "unit": "吨",
        "quantity": "2",
        "unit_price": "1000",
    }
    beam |= {"net_fen": 200_000, "rate": "0.13", "tax_fen": 26_000}
    assert known(house)[ONE] == [beam, beam]


def test_every_form_of_file_gives_the_same_lines(cottage: House, tmp_path: Path) -> None:
    """CSV, XLSX and XML: after the first the others say nothing new, down to the last digit of a line."""
    text = sheet(STEEL, FREIGHT)
    rows = [[cell or None for cell in line.split(",")] for line in text.splitlines()]
    book = xlsx(tmp_path / "book.xlsx", {"明细": [rows[0], *rows[1:]]}).read_bytes()
    cottage.send("invoices.sale", text)
    before = held(cottage)
    for name, body in (("b.xlsx", book), ("i.xml", xml()), ("i.zip", zipped({"1.xml": xml()}))):
        answer = cottage.send("invoices.sale", body, name)
        assert (answer["accepted"], answer["rejected"]) == (0, 0), answer
        assert held(cottage).equals(before), name
    assert goods(cottage) == ["*钢材*板", "*运输*费"]


def test_another_spelling_gives_the_same_lines(cottage: House) -> None:
    cottage.send("invoices.sale", sheet(BEAMS))
    before = held(cottage)
    cottage.send("invoices.sale", sheet("＊钢材＊梁,Ｈ200,吨 ,2.00,￥1000.0,2000,0.13,260,2260"))
    assert held(cottage).equals(before)


def test_another_order_gives_the_same_lines(cottage: House) -> None:
    cottage.send("invoices.sale", sheet(FREIGHT, STEEL, FREIGHT))
    before = held(cottage)
    answer = cottage.send("invoices.sale", sheet(FREIGHT, FREIGHT, STEEL))
    assert answer["accepted"] == 0
    assert held(cottage).equals(before)


def test_lines_may_come_after_their_invoice(cottage: House) -> None:
    """The invoice is a duplicate, its lines are news, and the sender is told."""
    cottage.send("invoices.sale", whole())
    answer = cottage.send("invoices.sale", sheet(STEEL, FREIGHT))
    assert counts(answer) == (2, 0, 2, 0)
    assert any("1 invoices were known already; now their lines are" in told for told in answer["warnings"])
    assert goods(cottage) == ["*钢材*板", "*运输*费"]


def test_a_correction_is_a_new_version_of_all_lines(cottage: House) -> None:
    """What was known before it is known of then."""
    cottage.send("invoices.sale", sheet(STEEL, FREIGHT))
    before = now(cottage)
    cottage.send("invoices.sale", sheet(BEAMS), "later.csv")
    assert goods(cottage) == ["*钢材*梁"]
    assert goods(cottage, known_at=before) == ["*钢材*板", "*运输*费"]
    assert held(cottage)["version"].to_list() == [1, 2]


def test_lines_of_a_sum_that_stands_no_more_are_not_shown(cottage: House) -> None:
    """The invoice was corrected as a whole: what its lines are now nobody has said."""
    cottage.send("invoices.sale", sheet(STEEL, FREIGHT))
    cottage.send("invoices.sale", whole(sums="200.00,26.00,226.00"), "later.csv")
    assert known(cottage) == {}


def test_a_refused_invoice_leaves_no_lines(cottage: House) -> None:
    """One row differs in its day, so that the invoice is rejected; another invoice of the file is not."""
    wrong = sheet(STEEL, FREIGHT).replace("2024-03-05,*运输", "2024-03-06,*运输")
    answer = cottage.send("invoices.sale", wrong + sheet(BEAMS, number=TWO).split("\n", 1)[1])
    assert counts(answer) == (3, 1, 0, 2)
    assert list(known(cottage)) == [TWO]


def test_a_firm_cannot_change_lines_that_its_source_stated(cottage: House) -> None:
    """The sums are the same, the goods are not: the source's stay, and the firm is told."""
    cottage.send("invoices.sale", sheet(STEEL))
    said = sheet(STEEL.replace("钢材", "茶叶"))
    sent = cottage.client.post("/v1/imports?kind=invoices.sale", data=said.encode(), headers=cottage.owner(FIRM))
    cottage.worker.run_once()
    told = cottage.client.get(f"/v1/imports/{sent.json['id']}", headers=cottage.owner(FIRM)).json["warnings"]
    assert any(words.startswith("the lines of 1 invoices were left as they are: stated by another") for words in told)
    assert goods(cottage) == ["*钢材*板"]


def test_files_without_lines_cost_the_lake_of_lines_nothing(cottage: House) -> None:
    """No commit, no step: nobody reads a lake that nothing was said to."""
    before = cottage.context.lakes[DATASET.name].newest()
    cottage.send("invoices.sale", whole())
    assert cottage.context.lakes[DATASET.name].newest() == before
    with cottage.context.database.read() as session:
        assert DATASET.name not in step_store.lake_versions(session)


@pytest.mark.parametrize("step", ["after the invoices", "after the lines", "before the end"])
def test_an_import_killed_at_any_step_leaves_its_lines_once(
    cottage: House, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The worker dies after each commit, takes the job again, and appends nothing twice."""

    class Killed(BaseException):
        """The worker is gone."""

    done: list[str] = []
    append, conclude = load._append, load.conclude

    def dying(*given: Any) -> Any:
        found = append(*given)
        done.append(given[2].name)
        if done == {"after the invoices": ["invoices"], "after the lines": ["invoices", DATASET.name]}.get(step):
            raise Killed
        return found

    def dying_late(*given: Any) -> None:
        if step == "before the end" and done.count(DATASET.name) == 1:
            raise Killed
        conclude(*given)

    monkeypatch.setattr(load, "_append", dying)
    monkeypatch.setattr(load, "conclude", dying_late)
    with pytest.raises(Killed):
        cottage.send("invoices.sale", sheet(STEEL, FREIGHT))
    assert known(cottage) == {}
    monkeypatch.undo()
    work_off_again(cottage)
    assert held(cottage).height == 1
    assert goods(cottage) == ["*钢材*板", "*运输*费"]


def work_off_again(house: House) -> None:
    """Let another worker take what a dead one had taken."""
    database = house.context.database
    with database.read() as session:
        dead = session.scalars(select(jobs.TABLE.c.worker).where(jobs.TABLE.c.state == "running")).all()
    for worker in dead:
        leases.hand_back(database, worker, "signal 9")
    while house.worker.run_once():
        pass


def test_lines_end_with_the_import_that_brought_them(cottage: House) -> None:
    """At the same moment as the invoice; both are read as they were before it."""
    first = cottage.send("invoices.sale", sheet(STEEL, FREIGHT))
    shown = now(cottage)
    undo(cottage, first["id"])
    assert known(cottage) == {}
    assert goods(cottage, known_at=shown) == ["*钢材*板", "*运输*费"]
    cottage.send("invoices.sale", sheet(BEAMS), "right.csv")
    assert goods(cottage) == ["*钢材*梁"]


def test_who_repeated_lines_stands_in_for_them(cottage: House) -> None:
    """The first import is taken back; the second had said the same of both, and holds them now."""
    first = cottage.send("invoices.sale", sheet(STEEL, FREIGHT))
    cottage.send("invoices.sale", xml(), "same.xml")
    undo(cottage, first["id"])
    assert goods(cottage) == ["*钢材*板", "*运输*费"]


def test_lines_that_came_later_end_alone(cottage: House) -> None:
    """The invoice was stated by another import, which stands."""
    cottage.send("invoices.sale", whole())
    lines = cottage.send("invoices.sale", sheet(STEEL, FREIGHT))
    undo(cottage, lines["id"])
    assert known(cottage) == {}
    assert cottage.book()["invoices"] == 1


def test_lines_leave_and_are_erased_with_their_invoice(cottage: House) -> None:
    """A departed invoice has no lines from then on; the shredder takes them out of every file of their lake."""
    cottage.send("invoices.sale", sheet(STEEL, FREIGHT) + sheet(BEAMS, number=TWO).split("\n", 1)[1])
    rows = cottage.context.lake.read(cottage.context.lake.newest(), without=()).filter(pl.col("number") == ONE)
    gone = Departure(FIRM, "invoices", names_of(DATASET, rows)[0])
    with cottage.context.database.begin() as session:
        departures.depart(session, [gone], Cause.CORRECTED, "test", cottage.context.now())
    assert list(known(cottage)) == [TWO]
    late = cottage.context.now() + timedelta(days=4000)
    shred(replace(cottage.context, now=lambda: late))
    folder = Path(f"{cottage.context.settings.lake_url}-{DATASET.name}")
    left = pl.concat(pl.read_parquet(path, hive_partitioning=False) for path in folder.rglob("*.parquet"))
    assert left["number"].unique().to_list() == [TWO]


def name_of(house: House) -> str:
    [item] = house.client.get(
        f"/v1/enterprises/{SELLER}/evidence?feature=sales_36m{DAY}", headers=house.owner(FIRM)
    ).json["items"]
    return str(item["name"])


def lines_of(house: House, record: str, headers: dict[str, str]) -> Any:
    return house.client.get(f"/v1/enterprises/{SELLER}/invoices/{record}/lines?{DAY}", headers=headers)


def test_the_owner_reads_the_lines_of_a_record(cottage: House) -> None:
    """By the name that its evidence gives it; with the import that stated them."""
    sent = cottage.send("invoices.sale", sheet(BEAMS, STEEL))
    answer = lines_of(cottage, name_of(cottage), cottage.owner(FIRM)).json
    assert [(line["category"], line["quantity"], line["net_fen"]) for line in answer["lines"]] == [
        ("钢材", "2", 200_000),
        ("钢材", None, 10_000),
    ]
    assert (answer["stated"]["import"], answer["stated"]["version"]) == (sent["id"], 1)


def test_an_invoice_without_lines_says_so_and_another_name_is_not_found(cottage: House) -> None:
    cottage.send("invoices.sale", whole())
    answer = lines_of(cottage, name_of(cottage), cottage.owner(FIRM)).json
    assert (answer["lines"], answer["stated"]) == ([], None)
    assert lines_of(cottage, "rec_" + "0" * 32, cottage.owner(FIRM)).status_code == 404


def test_a_bank_reads_lines_by_the_consent_that_opens_records_and_leaves_a_record(cottage: House) -> None:
    """Without the field `records` it is refused; with it the firm sees who looked."""
    cottage.send("invoices.sale", sheet(BEAMS))
    record = name_of(cottage)
    cottage.consent(FIRM, fields=["portrait"])
    assert lines_of(cottage, record, cottage.bank()).status_code == 403
    cottage.consent(FIRM, fields=["records"])
    assert lines_of(cottage, record, cottage.bank()).status_code == 200
    reads = cottage.client.get(f"/v1/enterprises/{SELLER}/accesses", headers=cottage.owner(FIRM)).json["items"]
    assert "evidence/lines" in [read["what"] for read in reads]
