"""`smecredit import` and `withdraw-import` against a real service: what is said, and the status that scripts see."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from profile_house import HEADER, ROW, House, open_house
from werkzeug.serving import make_server

from chassis.core.identity import Verifier
from smecredit.cli import commands

# Where each house listens.
HOUSES: dict[int, str] = {}
WRONG = "E1,1002,2019/1/4,A1,=1+1,13.00,113.00,有效发票\n"


@pytest.fixture
def house(tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> Iterator[House]:
    """Return a service that listens, with a worker that works."""
    house = open_house(f"sqlite:///{tmp_path / 'profile.db'}", tmp_path, verifier, tokens)
    server = make_server("127.0.0.1", 0, house.client.application, threaded=True)
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            house.worker.run_once() or ended.wait(0.02)

    threads = [threading.Thread(target=server.serve_forever, args=(0.01,)), threading.Thread(target=work)]
    for thread in threads:
        thread.start()
    HOUSES[id(house)] = f"http://127.0.0.1:{server.port}"
    yield house
    ended.set()
    server.shutdown()
    for thread in threads:
        thread.join()


def run(house: House, *arguments: str) -> Result:
    key = house.source["Authorization"].removeprefix("Bearer ")
    environment = {"SMECREDIT_API_KEY": key, "SMECREDIT_URL": HOUSES[id(house)]}
    return CliRunner(env=environment).invoke(commands, arguments)


def test_the_status_tells_rejected_rows_and_they_come_back_to_be_corrected(house: House, tmp_path: Path) -> None:
    """3 where rows were rejected, unless they are accepted; corrected and imported, 0."""
    file, out = tmp_path / "一月.csv", tmp_path / "out.csv"
    file.write_text(HEADER.replace("\n", ",台账\n") + ROW.replace("\n", ",x\n") + WRONG.replace("\n", ",y\n"))
    first = run(house, "import", "invoices.purchase", str(file))
    assert first.exit_code == 3, first.output
    assert "1 accepted + 0 duplicate + 1 rejected" in first.stdout
    assert "未识别的列: 台账" in first.stdout
    assert "--rejects OUT.csv" in first.stdout
    assert "smecredit withdraw-import imp_" in first.stdout
    accepted = run(house, "import", "invoices.purchase", str(file), "--accept-rejects", "--rejects", str(out))
    assert accepted.exit_code == 0
    out.write_text(out.read_text("utf-8-sig").replace("'=1+1", "100.00"))
    corrected = run(house, "import", "invoices.purchase", str(out))
    assert (corrected.exit_code, "1 accepted" in corrected.stdout) == (0, True)


def test_a_file_that_fails_is_told_in_both_languages_and_the_others_go_on(house: House, tmp_path: Path) -> None:
    """Status 1, whatever became of the other files."""
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(HEADER + ROW)
    bad.write_text("what,is,this\n1,2,3\n")
    done = run(house, "import", "invoices.purchase", str(bad), str(good))
    assert done.exit_code == 1
    assert "bad.csv: The columns do not fit the kind / 列名与数据类型不符" in done.stderr
    assert "1 accepted" in done.stdout


def test_an_import_is_taken_back_by_a_command(house: House, tmp_path: Path) -> None:
    """It asks first, and says what ended."""
    file = tmp_path / "file.csv"
    file.write_text(HEADER + ROW)
    run(house, "import", "invoices.purchase", str(file))
    (sent,) = house.client.get("/v1/imports", headers=house.source).json["items"]
    assert run(house, "withdraw-import", sent["id"]).exit_code == 1
    done = run(house, "withdraw-import", sent["id"], "--yes")
    assert (done.exit_code, done.stdout) == (0, "taken back: 1 rows of 1 firms\n"), done.output
