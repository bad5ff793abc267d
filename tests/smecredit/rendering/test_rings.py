"""How rings of invoices are shown to people."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from smecredit.cli.circling import rings_command
from smecredit.rendering.rings import rings
from tests.answering import answering

HOP = {"shown": True, "seller": "local:A", "buyer": "local:B", "number": "7", "date": "2026-01-02"}
HIDDEN = {"shown": False, **dict.fromkeys(("seller", "buyer", "number", "date", "amount_fen", "times"))}
CHAIN = [{**HOP, "amount_fen": 5000000, "times": 2}, HIDDEN]
FOUND: dict[str, Any] = {
    "as_of": "2026-06-30",
    "known_at": "2026-07-01T00:00:00Z",
    "limits": {
        "valid_from": "1900-01-01",
        "source": "ours",
        "hops": 6,
        "days": 30,
        "tolerance": 0.1,
        "least_fen": 1000000,
        "recent_days": 365,
    },
    "count": 3,
    "rings": [{"length": 2, "last_on": "2026-01-09", "chain": CHAIN}],
    "left_out": 2,
    "unsearched": [{"first_on": "2025-01-01", "last_on": "2025-01-31"}],
    "not_shown": {"zh": "未列示", "en": "not shown"},
}


def test_a_ring_is_shown_hop_by_hop_and_what_is_left_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    rings({**FOUND, "enterprise": "local:A", "disputes": []})  # type: ignore[arg-type]
    shown = " ".join(capsys.readouterr().out.split())
    assert "local:A as of 2026-06-30 rings 循环 3" in shown
    assert "7 ×2" in shown
    assert "¥50,000" in shown
    assert "another enterprise 其他企业" in shown
    assert "Left out 未列出: 2" in shown
    assert "begun 起于 2025-01-01 – 2025-01-31" in shown
    assert "not shown" in shown


def test_a_list_has_the_figures_of_each_firm(capsys: pytest.CaptureFixture[str]) -> None:
    firm = {"enterprise": "local:A", "rings": 1, "hops": 2, "amount_fen": 5000000, "last_on": "2026-01-09"}
    rings({**FOUND, "files": 4, "firms": [firm], "disputed": []})  # type: ignore[arg-type]
    shown = " ".join(capsys.readouterr().out.split())
    assert "4 files 份档案" in shown
    assert "Sold in them 开票额" in shown


def test_without_an_enterprise_all_open_files_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(_method: str, path: str, _body: bytes | None) -> Any:
        asked.append(path)
        return {**FOUND, "files": 4, "firms": [], "disputed": []}

    with answering(monkeypatch, answer):
        done = CliRunner().invoke(rings_command, ["--as-of", "2026-06-30"])
    assert done.exit_code == 0, done.output
    assert asked == ["/v1/rings?as_of=2026-06-30"]
    assert "4 files 份档案" in done.output
