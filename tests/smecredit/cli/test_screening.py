"""`smecredit screen`: what a file of bids becomes, and how an answer is shown."""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner, Result

from services.profile.supervision.domain.screen.combined import OF_AUCTION
from services.profile.supervision.domain.screen.missing import Missing
from services.profile.supervision.domain.screen.prices import Screens
from services.profile.supervision.domain.screen.ties import Trade
from smecredit.cli.screening import screen_command
from smecredit.rendering.screen import FACTS
from tests.answering import answering

ANSWER: dict[str, Any] = {
    "id": "scr_1",
    "as_of": "2026-06-30",
    "known_at": "2026-06-30T00:00:00Z",
    "notice": {"zh": "仅为提示", "en": "Hints only."},
    "bidders": [
        {"enterprise": f"local:{name}", "looked_at": name != "C", "group": 0, "disputes": []} for name in "ABC"
    ],
    "not_looked_at": 1,
    "past": {"auctions": 12, "undated": 1, "later": 2},
    "consent": {"zh": "未查看", "en": "Not looked at."},
    "joins": 5.0,
    "groups": [
        {
            "bidders": ["local:A", "local:B"],
            "level": "strong",
            "paths": [{"bidders": ["local:A", "local:B"], "weakest": 1000.0}],
        }
    ],
    "pairs": [{"bidders": ["local:A", "local:B"], "ratio": 1000.0, "level": "strong"}],
    "findings": [
        {
            "sign": "same-controller",
            "title": {"zh": "同一控制人", "en": "The same controller"},
            "family": "control",
            "bidders": ["local:A", "local:B"],
            "likelihood": {"ratio": 1000.0, "low": 460.0, "high": 1000.0, "counted_on": "made up", "synthetic": True},
            "p_value": None,
            "facts": {"amount_fen": 33900},
            "records": [
                {
                    "of": "local:A",
                    "record": "rec_0123456789",
                    "relation": "controller",
                    "since": None,
                    "until": None,
                    "own_word": False,
                    "disputed": True,
                }
            ],
            "auctions": [],
            "crowded": False,
            "ended": False,
            "rules": [
                {
                    "rule": "bidding-34",
                    "law": "招标投标法实施条例",
                    "article": "第三十四条第二款",
                    "effect": "barred",
                    "title": {"zh": "不得", "en": "may not"},
                }
            ],
        }
    ],
    "left_out": {"findings": 0, "pairs": 0},
    "receipt": {"answer_sha256": "ab" * 32, "ledger_entry": 7},
}
BIDS = """标段,开标日期,投标人,投标报价,最高限价,是否中标,文件编制人
P1,2025-01-05,local:A,100.50,120,是,
P1,2025-01-05,local:X,101,120,否,
P2,2025年12月1日,local:X,101,120,是,
P2,2025年12月1日,local:Y,102,120,否,
P3,2025/9/5 09:30,a,101,120,是,
P9,2027-01-05,local:A,1,2,是,
T1,2026-06-01,local:A,90万,100万,,王某
T1,2026-06-01,local:B,91万,100万,,王某、李某
"""

KNOWN = {"甲公司": ["uscc:A"], "乙公司": ["uscc:B", "uscc:C"]}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Run a suite that answers one screen, and keep what it was asked."""
    found: list[Any] = []

    def answer(method: str, path: str, body: bytes | None) -> Any:
        if method == "GET":
            return {
                "items": [{"id": one} for one in KNOWN.get(unquote(path.partition("name=")[2]).split("&")[0], [])],
                "next": None,
            }
        found.append(json.loads(body or b"null"))
        return ANSWER

    with answering(monkeypatch, answer):
        yield found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(screen_command, arguments)


def test_a_file_of_bids_becomes_the_tender_and_its_past(tmp_path: Path, asked: list[Any]) -> None:
    """What came after the tender is left out; of auctions in which none of its bidders was, the sizes alone go out."""
    file = tmp_path / "bids.csv"
    file.write_text(BIDS, "utf-8-sig")
    done = run(str(file), "--tender", "T1")
    assert done.exit_code == 0, done.output
    (order,) = asked
    assert order["bidders"] == [
        {"enterprise": "local:A", "prepared_by": ["王某"]},
        {"enterprise": "local:B", "prepared_by": ["王某", "李某"]},
    ]
    assert [bid["amount_fen"] for bid in order["bids"]] == [90_000_000, 91_000_000]
    assert order["reserve_fen"] == 100_000_000
    assert order["past"] == [
        {
            "auction": "P1",
            "day": "2025-01-05",
            "reserve_fen": 12_000,
            "winner": "local:A",
            "bids": [{"bidder": "local:A", "amount_fen": 10_050}, {"bidder": "local:X", "amount_fen": 10_100}],
        },
        {
            "auction": "P3",
            "day": "2025-09-05",
            "reserve_fen": 12_000,
            "winner": "a",
            "bids": [{"bidder": "a", "amount_fen": 10_100}],
        },
    ]
    assert (order["elsewhere"], order["as_of"]) == ([{"bids": 2, "auctions": 1}], "2026-06-01")


def test_bidders_told_by_their_names_are_the_firms_of_these_names(tmp_path: Path, asked: list[Any]) -> None:
    """Wherever the file names them; a name that fits several, or none, stays as it is, and each is told."""
    file = tmp_path / "bids.csv"
    rows = ["标段,开标日期,投标人,投标报价", "P1,2025-01-05,甲公司,1", "P1,2025-01-05,丙公司,2"]
    rows += [f"T1,2026-06-01,{name},5" for name in ("甲公司", "乙公司", "丙公司", "local:D")]
    file.write_text("\n".join(rows))
    done = run(str(file), "--tender", "T1")
    assert done.exit_code == 0, done.output
    (order,) = asked
    assert [each["enterprise"] for each in order["bidders"]] == ["uscc:A", "乙公司", "丙公司", "local:D"]
    assert [each["bidder"] for each in order["bids"]] == ["uscc:A", "乙公司", "丙公司", "local:D"]
    assert (order["past"][0]["bids"][0]["bidder"], order["past"][0]["winner"]) == ("uscc:A", None)
    for words in ("甲公司 → uscc:A", "乙公司 → uscc:B ? uscc:C", "丙公司 → 未在您可查看的企业中找到"):
        assert words in done.output


def test_a_file_of_a_chinese_spreadsheet_is_read(tmp_path: Path, asked: list[Any]) -> None:
    """It writes GB18030."""
    file = tmp_path / "bids.csv"
    file.write_text(BIDS, "gb18030")
    done = run(str(file), "--tender", "T1")
    assert done.exit_code == 0, done.output
    assert asked[0]["bidders"][0] == {"enterprise": "local:A", "prepared_by": ["王某"]}


def test_a_packed_file_is_read(tmp_path: Path, asked: list[Any]) -> None:
    """As the sandbox writes it."""
    file = tmp_path / "bids.csv.gz"
    file.write_bytes(gzip.compress(BIDS.encode()))
    done = run(str(file), "--tender", "T1")
    assert done.exit_code == 0, done.output
    assert len(asked[0]["past"]) == 2


def test_an_order_names_its_moment_and_the_option_another_day(tmp_path: Path, asked: list[Any]) -> None:
    file = tmp_path / "order.json"
    moment = {"as_of": "2026-05-31", "known_at": "2026-06-01T00:00:00+08:00"}
    file.write_text(json.dumps({"bidders": ["local:A", "local:B"], **moment}))
    assert run(str(file)).exit_code == run(str(file), "--as-of", "2026-04-30").exit_code == 0
    assert [order["as_of"] for order in asked] == ["2026-05-31", "2026-04-30"]
    assert {order["known_at"] for order in asked} == {"2026-06-01T00:00:00+08:00"}


def test_an_answer_is_shown_with_its_evidence_its_weight_and_what_it_is(tmp_path: Path, asked: list[Any]) -> None:
    file = tmp_path / "order.json"
    file.write_text(json.dumps({"bidders": ["local:A", "local:B", "local:C"]}))
    shown = " ".join(run(str(file)).output.split())
    assert asked[0]["bidders"][2] == {"enterprise": "local:C"}
    for words in (
        "仅为提示",
        "同一控制人",
        "1,000 (460–1,000) *",
        "rec_01234567",
        "异议中",
        "¥339",
        "第三十四条",
        "Not looked at",
    ):
        assert words in shown


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("bids.csv", "bidder,auction\nlocal:A,P1\n", "--tender"),
        ("bids.csv", "auction,amount\nP1,3\n", "names no bidder"),
        ("bids.csv", "auction,bidder,amount\n,local:A,x\n", "local:A"),
        ("bids.csv", "auction,bidder,amount\n,local:A,1\nP1,local:B,\n", "P1"),
        ("bids.csv", "auction,bidder,day\n,local:A,soon\n", "soon is no day"),
        ("bids.csv", "\x1f\x8bbroken", "cannot be unpacked"),
        ("order.json", "[]", "bidders"),
        ("order.json", '{"bidders": ["local:A"], "as_of": "soon"}', "as_of is a day"),
        ("order.json", '{"bidders": ["local:A"], "known_at": 7}', "known_at a moment"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    tmp_path: Path, asked: list[Any], name: str, content: str, words: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content.encode("latin-1"))
    done = run(str(file))
    assert done.exit_code == 2
    assert words in done.output
    assert asked == []


def test_every_figure_of_a_finding_has_a_name_in_both_languages() -> None:
    """Whoever reads Chinese is not left with the names of the wire."""
    figures = {
        *(each.name for kind in (Trade, Missing, Screens) for each in dataclasses.fields(kind)),
        *OF_AUCTION,
        *("auctions", "one_bids", "other_bids", "together", "ratio_deviation", "loser", "one_won", "other_won"),
        *("score", "steps", "off", "bids", "wins", "repeats", "expected", "said"),
    }
    assert figures - FACTS.keys() == set()
    assert all(re.search("[\u4e00-\u9fff].* [a-z]", words) for words in FACTS.values())
