"""Rejected rows over HTTP: what was wrong, and the sender's own rows to be corrected and sent again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from profile_house import HEADER, House, counts, open_house

from chassis.core.identity import Verifier
from services.profile.book.usecases import load

BOM = "\ufeff"
TITLES = "企业代号,发票号码,开票日期,销方单位代号,金额,税额,价税合计,发票状态,台账,台账\n"
RIGHT = [
    "E1,1001,2019/1/4,A1,100.00,13.00,113.00,有效发票,a,\n",
    'E1,26952000003200000001,2019/1/5,A2,"1,000.00",130.00,"1,130.00",有效发票,=1+1,b\n',
    "E1,00012345,2019/1/6,A3,-100.00,-13.00,-113.00,有效发票,,\n",
]
WRONG = [RIGHT[0], RIGHT[1].replace("2019/1/5", "2019/15/5"), RIGHT[2].replace("-113.00", "-114.00")]


def file_of(house: House, import_id: str) -> str:
    answer = house.client.get(f"/v1/imports/{import_id}/rejects?form=file", headers=house.source)
    assert answer.status_code == 200, answer.json
    return answer.get_data().decode()


def held(house: House) -> pl.DataFrame:
    rows = house.context.lake.read(house.context.lake.newest(), without=())
    return rows.drop("known_at", "import_id").sort("number")


def test_corrected_and_sent_again_rejected_rows_complete_the_import(
    house: House, tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]
) -> None:
    """Counts add up, and the lake is that of a file that was right from the start."""
    first = house.send("invoices.purchase", TITLES + "".join(WRONG), "我的发票.csv")
    assert counts(first) == (3, 1, 0, 2)
    text = file_of(house, first["id"])
    lines = text.removeprefix(BOM).splitlines()
    assert lines[0] == "退回原因,reason for rejection," + TITLES.strip()
    assert "'26952000003200000001" in lines[1]
    assert "'=1+1" in lines[1]
    assert "第 3 行 开票日期：" in lines[1]
    assert "line 4 价税合计: " in lines[2]
    again = house.send("invoices.purchase", text.replace("2019/15/5", "2019/1/5").replace("-114.00", "-113.00"))
    assert counts(again) == (2, 2, 0, 0)
    assert again["ignored_columns"] == ["台账"]
    other = open_house(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "other", verifier, tokens)
    other.send("invoices.purchase", TITLES + "".join(RIGHT))
    assert held(house).equals(held(other))


def test_both_forms_are_attachments_that_a_spreadsheet_opens(cottage: House) -> None:
    """One charset, a byte order mark, a name; the sender's own name for its rows."""
    done = cottage.send("invoices.purchase", HEADER + "E1,1,2019/1/4,A1,=1+1,13.00,113.00,有效发票\n", "一月.csv")
    listed = cottage.client.get(f"/v1/imports/{done['id']}/rejects", headers=cottage.source)
    assert listed.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert listed.headers["Content-Disposition"].startswith("attachment")
    assert listed.get_data().decode().startswith(BOM + "line,column,value,reason\n2,金额,'=1+1,")
    rows = cottage.client.get(f"/v1/imports/{done['id']}/rejects?form=file", headers=cottage.source)
    assert "-rejected.csv" in rows.headers["Content-Disposition"]
    good = cottage.send("invoices.purchase", HEADER + "E1,1,2019/1/4,A1,100,13.00,113.00,有效发票\n")
    none = cottage.client.get(f"/v1/imports/{good['id']}/rejects?form=file", headers=cottage.source)
    assert none.status_code == 404


def test_rejected_relations_name_nobody(cottage: House) -> None:
    """A file that names persons is not kept, and neither are the names in what comes back."""
    ties = "enterprise,relation,party,since,memo\nE1,shareholder,张三,2018-13-01,李四\n"
    done = cottage.send("relations", ties)
    text = file_of(cottage, done["id"])
    assert "2018-13-01" in text
    assert "张三" not in text
    assert "李四" not in text


def test_a_file_that_breaks_the_reader_is_told_as_our_fault_and_not_tried_again(
    cottage: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In both languages, with the number by which the operator finds the cause."""
    tried = []

    def broken(*_: object) -> None:
        tried.append(1)
        raise KeyError("twice")

    monkeypatch.setattr(load, "read", broken)
    failed = cottage.send("invoices.purchase", HEADER)
    assert (failed["state"], len(tried)) == ("failed", 1)
    problem = failed["problem"]
    assert (problem["type"], problem["error"]) == ("/problems/file-broke-reader", "KeyError")
    assert failed["id"] in problem["detail"]
    assert "本系统故障" in problem["detail"]


def test_why_a_file_failed_is_said_in_both_languages_and_in_the_file_s_own_titles(cottage: House) -> None:
    """No internal name of ours is among it."""
    failed = cottage.send("invoices.purchase", HEADER.replace("金额,", "") + "E1,1,2019/1/4,A1,13.00,113.00,有效发票\n")
    assert "lacks 金额 (Net amount)" in failed["problem"]["detail"]
    assert "缺少 金额" in failed["problem"]["detail"]
    assert "net_fen" not in failed["problem"]["detail"]
