"""A past moment, asked for again after later back-fills, gives the same bytes: features, portrait, signals, checks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from profile_house import House, open_house

from chassis.core.identity import Verifier

AS_OF = "2025-12-31"
PATHS = (
    *("features", "portrait", "portrait/chain", "portrait/compliance", "late-payments"),
    *("evidence?feature=sales_36m", "signals", "cross-checks", "graph"),
)
HEADS = {
    "invoices.sale": "enterprise,number,date,buyer,net,tax,total,status\n",
    "invoices.purchase": "enterprise,number,date,seller,net,tax,total,status\n",
    "payments": "direction,enterprise,reference,counterparty,date,amount,purpose,status\n",
    "public-records": "record,enterprise,number,tier,authority,date,published_on,repaired_on\n",
    "relations": "relation,enterprise,party,since,until\n",
    "enterprises": "enterprise,name,industry,size_class\n",
}
firms = st.sampled_from(["E1", "E2", "E3"])
partners = st.sampled_from(["E2", "K1", "K2", "uscc:11320000MB151840XJ"])
numbers = st.integers(1, 4)  # few, so that later statements are new versions of earlier ones
days = st.integers(0, 1200).map(lambda back: date(2025, 12, 31) - timedelta(days=back))
yuan = st.sampled_from([100, 100, -100, 250, 9000])
statuses = st.sampled_from(["valid", "valid", "void"])


def line(*parts: Any) -> st.SearchStrategy[str]:
    made = [part if isinstance(part, st.SearchStrategy) else st.just(part) for part in parts]
    return st.tuples(*made).map(lambda values: ",".join(str(value) for value in values))


def trade(kind: str) -> st.SearchStrategy[tuple[str, list[str]]]:
    row = st.tuples(firms, numbers, days, partners, yuan, statuses).map(
        lambda v: f"{v[0]},{v[1]},{v[2]},{v[3]},{v[4]},0,{v[4]},{v[5]}"
    )
    return st.tuples(st.just(kind), st.lists(row, min_size=1, max_size=6))


def rows(kind: str, *parts: Any) -> st.SearchStrategy[tuple[str, list[str]]]:
    return st.tuples(st.just(kind), st.lists(line(*parts), min_size=1, max_size=3))


published = st.integers(0, 700).map(lambda back: date(2025, 6, 30) - timedelta(days=back))
files = st.one_of(
    trade("invoices.sale"),
    trade("invoices.purchase"),
    rows("payments", st.sampled_from(["in", "out"]), firms, numbers, partners, days, 100, "goods", statuses.filter(
        lambda status: status != "void"
    )),
    rows("public-records", st.sampled_from(["penalty", "judgment", "award"]), firms, numbers, "general", "局",
         "2023-01-01", published, st.sampled_from(["", "2025-07-01"])),
    rows("relations", st.sampled_from(["controller", "guarantor", "phone"]), firms, st.sampled_from(["E2", "E3"]),
         "2024-01-01", st.sampled_from(["", "2025-07-01"])),
    rows("enterprises", firms, st.sampled_from(["甲", "乙"]), st.sampled_from(["C13", "F51"]),
         st.sampled_from(["small", "large", ""])),
)  # fmt: skip


def answers(house: House, known_at: str | None) -> dict[str, bytes]:
    """Return every answer about the first firm as of the day, as bytes."""
    found = {}
    for path in PATHS:
        moment = f"as_of={AS_OF}" + (f"&known_at={known_at.replace('+', '%2B')}" if known_at else "")
        url = f"/v1/enterprises/E1/{path}{'&' if '?' in path else '?'}{moment}"
        answer = house.client.get(url, headers=house.owner())
        assert answer.status_code == 200, answer.json
        found[path] = answer.data
    return found


@given(st.lists(files, min_size=2, max_size=4))
@settings(max_examples=4)  # each brings up a service of its own, and asks it some forty times
def test_whatever_is_learned_later_a_past_moment_answers_with_the_same_bytes(
    verifier: Verifier, tokens: Callable[..., dict[str, str]], learned: list[tuple[str, list[str]]]
) -> None:
    """After each import all answers are kept; after the last, each moment is asked for again."""
    with TemporaryDirectory() as folder:
        path = Path(folder)
        house = open_house(f"sqlite:///{path / 'profile.db'}", path, verifier, tokens)
        house.send("invoices.sale", HEADS["invoices.sale"] + "E1,0,2024-05-01,K1,100,0,100,valid\n")
        kept: list[tuple[str, dict[str, bytes]]] = []
        for kind, lines in learned:
            done = house.send(kind, HEADS[kind] + "\n".join(lines) + "\n")
            assert done["state"] == "done", done
            now = answers(house, None)
            known_at = house.client.get(f"/v1/enterprises/E1/portrait?as_of={AS_OF}", headers=house.owner()).json
            kept.append((known_at["known_at"], now))
        for known_at, then in kept:
            for path_, body in answers(house, known_at).items():
                assert content(body) == content(then[path_]), path_


def content(body: bytes) -> bytes:
    """Return the bytes of an answer without the moment that it names: a stored answer names an earlier one, as good."""
    at = body.find(b'"known_at":"')
    return body if at < 0 else body[:at] + body[body.index(b'",', at) :]
