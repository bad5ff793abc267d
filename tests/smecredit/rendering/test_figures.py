"""`smecredit graph-features`: what is asked, and how figures are shown to people."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from smecredit.cli.tying import graph_features_command
from tests.answering import answering

WORDS = {"zh": "词", "en": "word"}
FIGURE: dict[str, Any] = {
    "name": "distress_1",
    "title": {"zh": "不良记录", "en": "Records of those next to it"},
    "unit": "count",
    "block": "distress",
    "direction": 1,
    "hideable": True,
    "own_file": False,
    "value": 2.0,
    "worse": WORDS,
    "better": WORDS,
    "neighbours": [
        {"party": "local:B", "tie": "invests", "value": 2.0},
        {"party": "hash:" + "a" * 32, "tie": "owns", "value": 1.0},
    ],
    "others": 3,
}
STOPS = {"party": "E8", "tie": "trades", "value": 0.5}
UNKNOWN = FIGURE | {"name": "capital_per_owner", "unit": "fen", "direction": -1, "value": None, "hideable": False}
ANSWER = {
    "enterprise": "local:A",
    "as_of": "2026-06-30",
    "known_at": "2026-07-01T00:00:00Z",
    "figures": [
        FIGURE,
        FIGURE
        | {"name": "systemic_exposure", "unit": "ratio", "block": "systemic", "value": 0.5, "neighbours": [STOPS]},
        UNKNOWN | {"neighbours": [{"party": "E7", "tie": "trades", "value": 50_000.0}], "others": 0},
    ],
    "left_out": {"files": True, "note": {"zh": "自述不计入", "en": "Own words make no tie."}},
    "disputes": [],
}


def test_figures_are_shown_with_their_direction_and_whom_they_rest_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A keyed hash is cut, what is not known is a dash, and what the firm could better by silence has a mark."""
    asked: list[str] = []

    def answer(_method: str, path: str, _body: bytes | None) -> Any:
        asked.append(path)
        return ANSWER

    with answering(monkeypatch, answer):
        done = CliRunner().invoke(graph_features_command, ["local:A", "--as-of", "2026-06-30"])
    assert asked == ["/v1/enterprises/local:A/graph-features?as_of=2026-06-30"]
    shown = " ".join(done.output.split())
    for words in (
        "Records of those next to it*",
        "more 升 ↑",
        "less 降 ↓",
        "local:B (invests ×2)",
        "hash:aaaaaaaa… (owns), +3",
        "E7 (trades ¥500)",
        "E8 (trades 0.5)",
        "仅供参考",
        "More files were open",
        "Own words make no tie.",
    ):
        assert words in shown, shown
