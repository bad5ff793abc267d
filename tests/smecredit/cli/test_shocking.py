"""A bank's book of exposures as its spreadsheet writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from smecredit.cli.shocking import exposures_command
from smecredit.client import Client

BOOK = "企业代号,贷款余额,违约损失率,违约概率,客户经理\nlocal:A,50万,0.45,0.02,王某\nlocal:B,100,0.4,0.01,\n"


@pytest.fixture
def stated(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []

    def state(_client: Client, exposures: Any, *, threshold_fen: int) -> dict[str, Any]:
        found.append((exposures, threshold_fen))
        return {}

    monkeypatch.setattr(Client, "state_exposures", state)
    monkeypatch.setenv("SMECREDIT_API_KEY", "smc_test")
    return found


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_book_in_chinese_is_read_whatever_its_encoding(tmp_path: Path, stated: list[Any], encoding: str) -> None:
    book = tmp_path / "book.csv"
    book.write_bytes(BOOK.encode(encoding))
    done = CliRunner().invoke(exposures_command, ["--book", str(book), "--threshold", "1万", "--json"])
    assert done.exit_code == 0, done.output
    ((exposures, threshold),) = stated
    assert threshold == 1_000_000
    assert exposures[0] == {"enterprise": "local:A", "exposure_fen": 50_000_000, "lgd": 0.45, "pd": 0.02}


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"enterprise,exposure,lgd\nlocal:A,x,0.4\n", b"a,b\n1,2\n"])
def test_a_book_that_cannot_be_used_says_why_and_states_nothing(
    tmp_path: Path, stated: list[Any], content: bytes
) -> None:
    book = tmp_path / "book.csv"
    book.write_bytes(content)
    done = CliRunner().invoke(exposures_command, ["--book", str(book), "--threshold", "1"])
    assert (done.exit_code, stated) == (2, []), done.output
