"""API4:2023, resources: no request, and no caller, holds what others need."""

from __future__ import annotations

import gzip
import socket
import time
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from bombs import parquet_bomb
from documented import operations, parameters
from town import Town

WITHIN_SECONDS = 10.0
LARGEST_PAGE = 500


@pytest.mark.parametrize("path", ["/v1/catalogue", "/v1/drift", "/livez"])
def test_a_head_with_a_body_is_answered_at_once(town: Town, path: str) -> None:
    """D3: it held a thread of the gateway until the patience of the route was over."""
    began = time.monotonic()
    answer = town.http.request(
        "HEAD", town.url + path, body=b"{}", headers={**town.headers["owner"], "Content-Type": "application/json"}
    )
    assert answer.status < 500
    assert time.monotonic() - began < WITHIN_SECONDS


def test_heads_that_never_end_leave_room_for_others(town: Town) -> None:
    """A hundred connections that send half a head hold no thread."""
    host, port = town.url.removeprefix("http://").split(":")
    open_ = [socket.create_connection((host, int(port))) for _ in range(100)]
    try:
        for each in open_:
            each.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
        began = time.monotonic()
        assert town.http.request("GET", f"{town.url}/livez").status == 200
        assert time.monotonic() - began < WITHIN_SECONDS
    finally:
        for each in open_:
            each.close()


def test_a_table_that_unpacks_to_gigabytes_is_refused(town: Town, tmp_path: Path) -> None:
    """D4: a Parquet file of some kilobytes; the import fails by its name, and the worker goes on."""
    path = tmp_path / "bomb.parquet"
    sale = {"企业代号": town.enterprise, "开票日期": "2019-06-03", "购方单位代号": "A1", "发票状态": "有效发票"}
    parquet_bomb(path, Random(1), 3 << 30, {**sale, "金额": "100", "税额": "10", "价税合计": "110"})
    sent = town.send(
        "owner",
        "POST",
        "/v1/imports?kind=invoices.sale&filename=b.parquet",
        path.read_bytes(),
        {"Content-Type": "application/octet-stream", "Idempotency-Key": str(uuid4())},
    )
    state = town.imported("owner", sent)
    assert (state["state"], state["problem"]["type"]) == ("failed", "/problems/file-too-large"), state


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"[" * 100_000, "application/json"),
        (b'{"a":' * 50_000, "application/json"),
        (b"9" * 1_000_000, "application/json"),
        (gzip.compress(b"0" * 50_000_000), "application/json"),
    ],
)
def test_a_body_that_costs_more_than_it_weighs_is_refused_at_once(town: Town, body: bytes, kind: str) -> None:
    """D15: depth, digits and packed zeros."""
    began = time.monotonic()
    headers = {"Content-Type": kind, "Content-Encoding": "gzip" if body[:2] == b"\x1f\x8b" else "identity"}
    answer = town.send("bank with consent", "POST", "/v1/scores", body, headers)
    assert 400 <= answer.status < 500
    assert time.monotonic() - began < WITHIN_SECONDS


def test_no_list_gives_more_than_its_largest_page(town: Town) -> None:
    """Every list that takes a limit refuses one beyond what it documents."""
    lists = [
        path for method, path, op in operations() if method == "GET" and "limit" in parameters(op) and "{" not in path
    ]
    answers = {path: town.ask("operator", "GET", f"{path}?limit={LARGEST_PAGE + 1}").status for path in lists}
    assert lists
    assert {path: status for path, status in answers.items() if status not in {400, 403, 422}} == {}


def test_every_answer_tells_its_quota(town: Town) -> None:
    """A caller sees what is left before it is refused."""
    assert "RateLimit" in town.ask("bank with consent", "GET", "/v1/catalogue").headers
