"""Acts on one file at the same moment take turns, whatever rows each of them needs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from profile_house import HEADER, House, open_house
from sqlalchemy.orm import Session

from chassis.core.identity import Verifier
from services.profile.book import departures
from services.profile.book.domain.departure import Cause, Departure, name_of
from services.profile.book.domain.public_record import DATASET
from services.profile.portrait.usecases import read_features
from services.profile.rights import dispute_store
from services.profile.rights.usecases import set_measure

TITLES = "record,enterprise,number,tier,authority,date,published_on,ends_on,repaired_on\n"
SALES = HEADER.replace("销方单位代号", "购方单位代号")
PENALTY = "penalty,{firm},P-1,general,局,2026-02-01,2026-02-10,2027-02-10,{repaired}\n"
# A transaction that waits for a lock has not come this far; one that does not is there long before.
SECONDS = 1.0


@pytest.fixture
def palace(postgresql_url: str, tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> House:
    """Return the service on PostgreSQL: SQLite has one writer, who waits for nobody."""
    house = open_house(postgresql_url, tmp_path, verifier, tokens)
    house.send("public-records", TITLES + "".join(PENALTY.format(firm=firm, repaired="") for firm in ("E1", "E2")))
    return house


def post(house: House, path: str, body: object, headers: dict[str, str]) -> int:
    """Send a request of a client of its own, as two threads share none."""
    sent = house.client.application.test_client().post(
        path, json=body, headers=headers | {"Idempotency-Key": str(uuid4())}
    )
    return int(sent.status_code)


def test_a_dispute_taken_back_while_its_record_is_repaired(palace: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One has the dispute and wants the firm, the other has the firm and wants the dispute: neither is broken off."""
    record = name_of(DATASET, {"enterprise": "local:E1", "record": "penalty", "number": "P-1"})
    wish = {"item": {"kind": "public-records", "record": record}, "reason": "other", "statement": "Paid."}
    headers = palace.owner() | {"Idempotency-Key": "open"}
    opened = palace.client.post("/v1/disputes", json=wish, headers=headers).json["id"]
    begun, far = Event(), Event()
    changed, ended = departures.change_files, dispute_store.end_disputes

    def change(session: Session, enterprises: Collection[str]) -> None:
        if not begun.is_set():  # the withdrawal, which comes first
            begun.set()
            far.wait(SECONDS)
        changed(session, enterprises)

    def end(*asked: object) -> None:
        far.set()
        ended(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(departures, "change_files", change)
    monkeypatch.setattr(dispute_store, "end_disputes", end)
    order = {"enterprise": "E1", "record": record, "decided_on": "2026-06-01", "authority": "局", "document": "7"}
    with ThreadPoolExecutor(2) as pool:
        taken_back = pool.submit(post, palace, f"/v1/disputes/{opened}/withdraw", None, palace.owner())
        assert begun.wait(30)
        repaired = pool.submit(post, palace, "/v1/repairs", order, palace.operator)
        assert (taken_back.result(), repaired.result()) == (200, 201)


def test_a_measure_set_while_a_file_states_repairs_of_many_firms(
    palace: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The import has entered the first firm's repair in the ledger when it comes to the second, whose row is held."""
    bases = palace.client.get("/v1/measure-bases", headers=palace.operator).json["items"]
    basis = next(each for each in bases if each["list"] == "black" and not each["in_force_until"])
    today, end = (f"{palace.context.now() + timedelta(days):%Y-%m-%d}" for days in (0, 30))
    measure = {
        "enterprise": "E2",
        "list": "black",
        "basis": basis["key"],
        "scope": basis["measures"][:1],
        "authority": "局",
        "document": "D",
        "starts_on": today,
        "expires_on": end,
        "record": "P-1",
    }
    begun, far = Event(), Event()
    checked, left = set_measure._check_record, departures.depart

    def check(*asked: object) -> None:
        begun.set()
        far.wait(SECONDS)
        checked(*asked)  # type: ignore[arg-type]

    def depart(session: Session, gone: Collection[object], *rest: object) -> object:
        if any(each.enterprise == "local:E2" for each in gone):  # type: ignore[attr-defined]
            far.set()
        return left(session, gone, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(set_measure, "_check_record", check)
    monkeypatch.setattr(departures, "depart", depart)
    rows = "".join(PENALTY.format(firm=firm, repaired="2026-06-01") for firm in ("E1", "E2"))
    with ThreadPoolExecutor(1) as pool:
        set_ = pool.submit(post, palace, "/v1/measures", measure, palace.operator)
        assert begun.wait(30) or set_.result() == 201
        stated = palace.send("public-records", TITLES + rows)
        assert (set_.result(), stated["state"], stated["accepted"]) == (201, "done", 2)
    assert palace.client.get("/v1/enterprises/E2/measures", headers=palace.owner("local:E2")).json["items"] == []


@pytest.mark.parametrize("seen", [True, False])
def test_a_record_that_leaves_while_features_are_read_is_in_no_stored_answer(
    palace: House, monkeypatch: pytest.MonkeyPatch, seen: bool
) -> None:
    """The read tells the book that it has seen; of a book of before nothing is kept."""
    palace.send("invoices.sale", SALES + "E1,1,2026/1/4,A1,100.00,13.00,113.00,有效发票\n")
    path = "/v1/enterprises/E1/evidence?feature=sales_36m"
    (row,) = palace.client.get(path, headers=palace.owner()).json["items"]
    gone = [Departure("local:E1", "invoices", row["name"])]
    files = read_features.files_of
    # The description of the book of before is remembered; another act has made the stored answer void.
    assert sales(palace) == 10_000
    with palace.context.database.begin() as session:
        departures.change_files(session, ["local:E1"])

    def left() -> None:
        with palace.context.database.begin() as session:
            departures.depart(session, gone, Cause.CORRECTED, "act", palace.context.now())

    def late(*asked: Any) -> Any:
        if seen:
            left()
            return files(*asked)
        found = files(*asked)
        left()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(read_features, "files_of", late)
        assert sales(palace) == (None if seen else 10_000)
    assert sales(palace) is None


def sales(house: House) -> int | None:
    found = house.client.get("/v1/enterprises/E1/features", headers=house.owner()).json
    return found["values"]["sales_12m"]  # type: ignore[no-any-return]
