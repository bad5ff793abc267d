"""The law of taking back, for descriptions: a firm is as if the import had never been sent, and was as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from profile_house import House

from services.profile.book import enterprise_store, state_store

FIRMS = count(1)
TITLES = {"name": "企业名称", "employees": "从业人员", "scope": "经营范围"}
files = st.fixed_dictionaries(
    {"name": st.sampled_from(["甲厂", "乙店"])},
    optional={"employees": st.sampled_from([3, 400]), "scope": st.sampled_from(["零售", "制造"])},
)
# A file to send, or which of those sent is taken back.
steps = st.lists(st.one_of(files, st.integers(0, 4)), min_size=2, max_size=6)


def send(house: House, firm: str, place: int, said: Mapping[str, Any]) -> str:
    titles, cells = ",".join(TITLES[name] for name in said), ",".join(map(str, said.values()))
    sent = house.send("enterprises", f"企业代号,{titles}\n{firm},{cells}\n", f"{firm}-{place}.csv")
    return str(sent["id"])


def take_back(house: House, import_id: str) -> None:
    assert house.client.post(f"/v1/imports/{import_id}/withdraw", headers=house.source).status_code == 200
    while house.worker.run_once():
        pass


def known(house: House, firm: str, known_at: datetime | None = None) -> dict[str, Any]:
    with house.context.database.read() as session:
        moment = known_at or state_store.book(session).known_at
        [found] = enterprise_store.enterprises_at(session, moment, [f"local:{firm}"])
        now = enterprise_store.enterprise(session, f"local:{firm}")
    assert known_at is not None or found == now
    return {name: getattr(found, name) for name in TITLES}


def said_by(sent: Sequence[tuple[str, Mapping[str, Any]]], gone: set[int]) -> dict[str, Any]:
    """Return what the imports that stand say, the last one last."""
    whole: dict[str, Any] = dict.fromkeys(TITLES)
    for place, (_, said) in enumerate(sent):
        whole |= {} if place in gone else said
    return whole


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_a_firm_is_described_as_if_it_had_never_been_sent(
    cottage: House, steps: Sequence[Mapping[str, Any] | int]
) -> None:
    """Whatever is said and taken back in whatever order; and every earlier moment is replayed as it was."""
    firm, gone = f"D{next(FIRMS)}", set[int]()
    sent = [(send(cottage, firm, 0, {"name": "甲厂"}), {"name": "甲厂"})]
    shown = []
    for step in steps:
        if not isinstance(step, int):
            sent.append((send(cottage, firm, len(sent), step), dict(step)))
        elif step < len(sent) and step not in gone:
            take_back(cottage, sent[step][0])
            gone.add(step)
        assert known(cottage, firm) == said_by(sent, gone)
        with cottage.context.database.read() as session:
            shown.append((state_store.book(session).known_at, known(cottage, firm)))
    for known_at, was in shown:
        assert known(cottage, firm, known_at) == was
