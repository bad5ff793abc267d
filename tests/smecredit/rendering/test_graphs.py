"""How the graph around a firm is shown to people."""

from __future__ import annotations

from typing import Any

import pytest

from smecredit.rendering.graphs import graph

NODE: dict[str, Any] = {
    "kind": "enterprise",
    "hop": 1,
    "open": False,
    "name": None,
    "names": [],
    "disputes": [],
    "crowded": False,
}
TRADE: dict[str, Any] = {
    "told_by": "local:E1",
    "net_fen": 35000,
    "net_12m_fen": 20000,
    "invoices": 2,
    "invoices_12m": 1,
    "share": 0.7,
    "first_on": "2024-01-10",
    "last_on": "2024-02-10",
    "usual_gap_days": 10.5,
    "share_12m": 0.25,
    "paid_fen": 0,
    "paid_own_word_fen": 0,
    "payments": 0,
    "channels": ["subject"],
    "own_word_fen": 1,
    "unconfirmed_fen": 1,
}
HELD = {"told_by": "local:E1", "relation": "shareholder", "share": 0.6, "amount_fen": None, "since": None}
EDGE: dict[str, Any] = {"source_share": None, "target_share": None, "trade": [], "registered": []}
GRAPH: dict[str, Any] = {
    "enterprise": "local:E1",
    "as_of": "2024-03-31",
    "known_at": "2024-04-01T00:00:00Z",
    "depth": 2,
    "types": [],
    "nodes": [
        {**NODE, "id": "local:E1", "hop": 0, "open": True, "name": "甲公司"},
        {**NODE, "id": "local:E2"},
        {**NODE, "id": "phone:1", "kind": "phone", "hop": None, "crowded": True},
        {**NODE, "id": "name:乙公司", "name": "乙公司", "names": [{"candidates": ["local:E7"], "written": "乙公司"}]},
    ],
    "edges": [
        {**EDGE, "type": "trade", "source": "local:E1", "target": "local:E2", "trade": [TRADE]},
        {
            **EDGE,
            "type": "equity",
            "source": "local:E2",
            "target": "local:E1",
            "registered": [{**HELD, "until": None, "channel": "government", "confirmed": True, "disputed": True}],
        },
    ],
    "left_out": {
        "firms": 3,
        "ties": 4,
        "shared": 0,
        "crowded": 2,
        "order": {"zh": "顺序", "en": "order"},
        "not_followed": {"zh": "不延伸", "en": "not followed"},
    },
    "disputes": [],
}


def test_a_graph_is_shown_as_a_tree_and_a_table_with_what_had_no_room(capsys: pytest.CaptureFixture[str]) -> None:
    """Figures, the mark of own words, the firm that a name may be, and the counts of what is not there."""
    graph(GRAPH)  # type: ignore[arg-type]
    shown = capsys.readouterr().out
    for words in (
        "甲公司",
        "├── local:E2",
        "? local:E7",
        "¥200*",
        "10.5 d",
        "25.0%",
        "60.0%",
        "仅企业自述",
        "phone:1 多家共有 crowded",
        "多家共有: 2; 不延伸",
        "有异议 disputed",
        "3 firms",
    ):
        assert words in shown, words
