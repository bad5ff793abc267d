"""How a shock and a book of exposures are shown to people."""

from __future__ import annotations

import re
from typing import Any

import pytest

from smecredit.rendering.shock import exposures, shock

FEN = {"low": 0, "value": 1_000_00, "high": 2_000_00}
SHARE = {"low": 0.0, "value": 0.25, "high": 0.5}
RUN = {"steps": 3, "most": 1000, "change": 0.0, "settled": True}
HOPS = [
    {"debtor": "local:E3", "tie": "trade", "amount_fen": FEN, "told": True},
    {"debtor": None, "tie": "guarantee", "amount_fen": FEN, "told": True},
]
ANSWER: dict[str, Any] = {
    "as_of": "2026-06-30",
    "hit": {"firms": ["local:E3"], "left_out": 0, "severity": 1.0},
    "files": 2,
    "withheld": 1,
    "book": {"exposures": 1, "without_pd": 0, "el_fen": 800_00, "delta_el_fen": FEN},
    "esri": 0.125,
    "enterprises": [
        {
            "enterprise": "local:E1",
            "shocked": False,
            "equity": {"fen": 400_00, "rests_on": "assets", "stated_by": "government"},
            "equity_loss": SHARE,
            "delta_pd": SHARE,
            "delta_el_fen": FEN,
            "production_loss": 0.5,
            "path": HOPS,
        }
    ],
    "left_out": 4,
    "runs": {"defaults": RUN, "downstream": RUN, "upstream": {**RUN, "settled": False}},
}


def test_a_shock_is_shown_with_the_path_and_whom_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    """A firm whose file is not open has no name, and losses that may be larger yet are told as such."""
    shock(ANSWER)  # type: ignore[arg-type]
    said = capsys.readouterr().out
    assert "local:E3 → (未授权 not open) ⇒ local:E1" in said
    assert "净资产陈述方: 政府 government 1" in said
    assert "25.0% (0.0%–50.0%)" in said
    assert "4 more" in said
    assert "Not at rest" in said


def test_each_figure_stands_under_its_title_however_long_the_path_is(capsys: pytest.CaptureFixture[str]) -> None:
    """The firm keeps its room; the path goes on below."""
    long = [{**HOPS[0], "debtor": f"local:E{place:04}"} for place in range(12)]
    shock({**ANSWER, "enterprises": [{**ANSWER["enterprises"][0], "path": long}]})  # type: ignore[typeddict-item]
    lines = capsys.readouterr().out.splitlines()
    head = next(line for line in lines if "ΔPD" in line)
    row = next(line for line in lines if "25.0%" in line)
    titles, cells = (re.split(r" {2,}", line.strip()) for line in (head, row))
    assert dict(zip(titles, cells, strict=True)) == {
        "Enterprise 企业": "local:E1",
        "Equity 净资产": "25.0% (0.0%–50.0%)",
        "ΔPD": "25.0% (0.0%–50.0%)",
        "ΔEL": "¥1,000 (¥0–¥2,000)",
        "Output 产出": "50.0%",
        "Path 路径": cells[-1],
    }
    assert cells[-1].startswith("local:E0000 → local:E0001")


def test_a_book_is_shown_as_it_was_stated(capsys: pytest.CaptureFixture[str]) -> None:
    lent = {"enterprise": "local:E1", "exposure_fen": 1_000_000_00, "lgd": 0.4, "pd": None}
    exposures({"version": 2, "threshold_fen": 1_00, "stated_at": "2026-06-30", "exposures": [lent]})  # type: ignore[list-item]
    said = capsys.readouterr().out
    assert "local:E1" in said
    assert "40%" in said
    exposures({"version": 0, "threshold_fen": None, "stated_at": None, "exposures": []})
    assert "No book" in capsys.readouterr().out
