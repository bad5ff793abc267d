"""`smecredit supplier-record`: for what it reads, and how a record is shown to people."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from smecredit.cli.screening import supplier_record_command
from tests.answering import answering

CONTRACTS = {
    "orders": 12,
    "amount_fen": 1_200_000,
    "buyers": 4,
    "fulfilled": 9,
    "cancelled": 1,
    "cancelled_fen": 100_000,
    "delivered_in_full": 9,
    "delivered_share": 0.875,
    "outstanding": 2,
    "outstanding_fen": 200_000,
    "traced": 10,
    "days_median": 14.5,
    "days_p90": 30.0,
}
UNTOLD = {"delivered_share": None, "days_median": None, "days_p90": None, "orders": 77}
PENALTY = {
    "record": "rec_01",
    "sort": "penalty",
    "authority": "市场监管局",
    "decided_on": "2026-01-10",
    "tier": "general",
    "amount_fen": None,
    "ends_on": None,
}
ANSWER: dict[str, Any] = {
    "disputes": [{}],
    "enterprise": "local:A",
    "as_of": "2026-06-30",
    "known_at": "2026-07-01T00:00:00Z",
    "since": "2023-06-30",
    "summary": [{"zh": "有12笔订单", "en": "12 orders."}],
    "contracts": CONTRACTS,
    "own_word": CONTRACTS | UNTOLD,
    "years": [{"year": 2025, "orders": 5, "amount_fen": 500_000, "cancelled": 0, "delivered_in_full": 5}],
    "returned": None,
    "against": [PENALTY],
    "favour": [],
    "left_out": 6,
    "contested": 0,
    "not_held": {"zh": "未接收", "en": "Not held."},
}


def run(monkeypatch: pytest.MonkeyPatch, told: dict[str, Any]) -> str:
    with answering(monkeypatch, lambda *_: told):
        return " ".join(CliRunner().invoke(supplier_record_command, ["local:A"]).output.split())


def test_a_record_is_shown_with_what_others_say_apart_from_what_the_firm_does(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run(monkeypatch, ANSWER)
    for words in (
        "有异议",
        "12 orders.",
        "others 他方 12 ¥12,000 4 1 87.5% 2 14.5",
        "企业自述 77 ¥12,000 4 1 – 2 –",
        "2025 5 ¥5,000 0 5",
        "penalty general 市场监管局 2026-01-10 – – rec_01",
        "6 more records",
        "Not held.",
    ):
        assert words in shown, shown


def test_a_firm_of_which_nothing_is_held_has_no_empty_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run(monkeypatch, ANSWER | {"contracts": None, "own_word": None, "years": [], "against": []})
    assert "Not held." in shown
    assert not any(title in shown for title in ("来源", "年份", "不良记录", "良好记录"))
