"""How owners, controllers and groups are shown to people."""

from __future__ import annotations

from typing import Any

import pytest

from smecredit.rendering.control import controllers, group

PARTY = {"id": "hash:0123456789abcdef0123456789abcdef", "kind": "opaque", "file_read": False}
OWN = {"relation": "controller", "share": None, "since": None, "own_word": True, "by_name": False}
STAKE = {"relation": "shareholder", "share": 0.7, "since": None, "own_word": False, "by_name": True}
PATH = [{**OWN, "holder": PARTY["id"], "held": "local:A"}, {**STAKE, "holder": "local:A", "held": "local:B"}]
ODD = {"oddity": "more-than-whole", "held": "local:A", "holder": None, "value": 1.2, "reason": None, "own_word": None}
HEAD: dict[str, Any] = {
    "disputes": [],
    "enterprise": "local:B",
    "as_of": "2026-06-30",
    "known_at": "2026-07-01T00:00:00Z",
    "disputed": [],
    "odd": [ODD],
    "not_looked_at": {"zh": "未查看", "en": "not looked at"},
    "left_out": {"entries": 3, "parties_not_asked": 0, "files": True},
}
CONTROLLER = {
    "party": PARTY,
    "pooled": 0.7,
    "by_shares": False,
    "declared": False,
    "ultimate": True,
    "circular": False,
    "confirmed": False,
    "joint": False,
    "path": PATH,
}


def test_a_controller_is_shown_with_its_path_and_the_mark_of_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    owner = {"party": {**PARTY, "id": "local:A"}, "share": 0.7, "confirmed": 0.0, "direct": 0.7, "path": PATH[1:]}
    end = {"opaque": 0.0, "enterprises": 0.7, "rest": 0.3}
    controllers({**HEAD, "owners": [owner], "controllers": [CONTROLLER], "accounted": end})
    shown = capsys.readouterr().out
    assert "hash:01234567… –controller*→ local:A" in " ".join(shown.split())
    assert "shares add up to more than the whole 120.0%" in shown
    assert "Left out 未列出: 3, more files" in shown
    assert "70.00%*" in shown
    assert "not looked at" in shown


def test_a_group_is_shown_with_its_close_links(capsys: pytest.CaptureFixture[str]) -> None:
    member = {"enterprise": "local:B", "pooled": 0.7, "declared": False, "confirmed": True, "path": PATH[1:]}
    firm = {"id": "local:C", "kind": "enterprise", "file_read": True}
    link = {"party": firm, "case": "third-party", "share": 0.25, "third": PARTY, "other_share": 0.4, "confirmed": True}
    group({**HEAD, "heads": [PARTY], "members": [member], "close_links": [link]})
    shown = capsys.readouterr().out
    assert "local:A –70.0%~→ local:B" in shown
    assert "hash:01234567… (40.0%)" in shown
