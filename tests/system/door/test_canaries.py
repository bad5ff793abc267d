"""Names, codes, phones and keys go in by every way there is, and come out in no log, metric or problem."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest
from town import Town

from smecredit.running.ports import SERVICES

NAME, PERSON, PHONE = "金丝雀第一贸易有限公司", "金丝雀王小明", "13800138999"
CODE, KEY = "91350100M000100Y43", "smc_canary0000000000_canarycanarycanarycanarycanary"
CANARIES = (NAME, PERSON, PHONE, CODE, KEY, "canarycanary")


@pytest.fixture(scope="module")
def problems(town: Town) -> list[bytes]:
    """Send the canaries by every way in, the wrong ones as well, and return the problems that came back."""
    return [answer.data for answer in _sent(town) if answer.status >= 400]


def _sent(town: Town) -> Iterator[Any]:
    source, bank, firm = "data source", "bank with consent", f"uscc:{CODE}"
    yield town.ask(source, "PUT", f"/v1/enterprises/{firm}", {"name": NAME, "synthetic": True})
    yield town.ask(source, "PUT", f"/v1/enterprises/{firm}", {"name": NAME, "synthetic": False})
    yield town.ask(source, "PUT", f"/v1/enterprises/{NAME}", {"name": NAME, "synthetic": True})
    person = {"type": "person-in-charge", "party": PERSON, "since": "2020-01-01", "synthetic": True}
    phone = {"type": "phone", "party": PHONE, "since": "2020-01-01", "synthetic": True}
    for record in (person, phone, person | {"since": PHONE}, person | {PERSON: PHONE}):
        yield town.ask(source, "POST", f"/v1/enterprises/{firm}/relations", {"records": [record]})
    for kind, lines in FILES.items():
        yield _file(town, kind, lines.encode(), f"{NAME}.csv")
        yield _file(town, kind, lines.encode("gb18030")[:-20] + b"\xff\xfe", f"{PERSON}.csv")
    yield town.ask(bank, "GET", f"/v1/enterprises?name={PHONE}")
    for path in ("features", "portrait", "signals", "scores", "cross-checks", "late-payments", PERSON):
        yield town.ask(bank, "GET", f"/v1/enterprises/{firm}/{path}")
    for path in ("/v1/scores", "/v1/matches"):
        yield town.ask(bank, "POST", path, {"enterprise": firm, "need": {"amount_fen": 1, "months": 12}})
        yield town.ask(bank, "POST", path, {"enterprise": PHONE, PERSON: NAME})
    item = {"kind": "invoices", "record": "rec_" + "0" * 32}
    for said in ({"item": item}, {"item": {"kind": PERSON}}, {"item": item | {"field": PHONE}}):
        yield town.ask("owner", "POST", "/v1/disputes", said | {"reason": "other", "statement": f"{PERSON} {PHONE}"})
    reply = {"decision": "confirmed", "reply": f"{NAME} {PERSON} {PHONE}"}
    yield town.ask("operator", "POST", f"/v1/disputes/{PERSON}/decision", reply)
    yield town.ask("operator", "POST", f"/v1/disputes/{town.things['dispute_id']}/decision", reply | {PERSON: PHONE})
    repaired = {
        "enterprise": firm,
        "record": item["record"],
        "decided_on": PHONE,
        "authority": NAME,
        "document": PERSON,
    }
    yield town.ask("operator", "POST", "/v1/repairs", repaired)
    yield town.ask("operator", "POST", "/v1/repairs", repaired | {"decided_on": "2026-05-01"})
    yield town.ask(bank, "GET", f"/v1/scores/{PHONE}")
    yield town.ask(bank, "GET", f"/v1/{NAME}/{CODE}")
    yield town.ask(bank, "GET", "/v1/book", Authorization=f"Bearer {KEY}")
    yield town.ask("no token", "GET", f"/v1/book?key={KEY}")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    credentials = f"grant_type=client_credentials&client_id={PERSON}&client_secret={KEY}".encode()
    yield town.send("no token", "POST", "/oauth/token", credentials, form)
    yield town.send("no token", "POST", "/portal/sign-in", f"key={KEY}".encode(), form | {"Origin": town.url})


FILES = {
    "invoices.sale": (
        f"企业代号,发票号码,开票日期,购方单位代号,金额,税额,价税合计,发票状态\n{CODE},1,{PHONE},{NAME},1,1,2,有效发票\n"
    ),
    "payments": (
        "企业代号,收支方向,交易流水号,对方单位,交易日期,交易金额,用途,交易状态\n"
        f"{CODE},收入,{PHONE},{NAME},x,1,{PERSON},成功\n"
    ),
    "relations": f"企业代号,关系类型,关联方,持股比例,起始日期,终止日期\n{CODE},股东,{PERSON},170%,2020-01-01,\n",
    "enterprises": f"企业代号,{NAME},{PERSON}\n{CODE},{PHONE},{PERSON}\n",
}


def _file(town: Town, kind: str, content: bytes, name: str) -> Any:
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "text/csv"}
    return town.send("data source", "POST", f"/v1/imports?kind={kind}&filename={name}", content, headers)


def test_the_canaries_were_let_in(town: Town, problems: list[bytes]) -> None:
    """The claims below would hold of a suite that took nothing in."""
    listed = town.ask("operator", "GET", f"/v1/enterprises?id=uscc:{CODE}").json["items"]
    assert [each["name"] for each in listed] == [NAME]
    assert len(problems) > 10


@pytest.mark.parametrize("canary", CANARIES)
def test_no_log_holds_a_canary(town: Town, problems: list[bytes], canary: str) -> None:
    """Of the gateway, the services and the workers, with every line that they wrote since their start."""
    logs = list((town.folder / "logs").glob("*.log"))
    assert len(logs) >= 7
    assert [log.name for log in logs if canary in _legible(log.read_bytes())] == []


@pytest.mark.parametrize("canary", CANARIES)
def test_no_metric_holds_a_canary(town: Town, problems: list[bytes], canary: str) -> None:
    """Of any service, by name or by label."""
    for service in ("gateway", *SERVICES):
        page = town.http.request("GET", f"{town.addresses.watched(service)}/metrics")
        assert page.status == 200
        assert canary not in _legible(page.data)


@pytest.mark.parametrize("canary", CANARIES)
def test_no_problem_holds_a_canary(problems: list[bytes], canary: str) -> None:
    """A problem names the field and what it must be; people copy problems into letters and tickets."""
    assert [each for each in problems if canary in _legible(each)] == []


def _legible(written: bytes) -> str:
    r"""Return text as it reads: `\u91d1` and `%E9%87%91` are letters too."""
    text = written.decode(errors="replace")
    escaped = text.encode("ascii", "backslashreplace").decode("unicode_escape", "replace")
    return "\n".join((text, escaped, unquote(text)))
