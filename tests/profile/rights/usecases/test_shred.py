"""What is past its keeping is erased from files and tables; the ledger forgets whose it was and still proves itself."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable
from profile_house import HEADER, ROW, House
from sqlalchemy import select

from chassis.data import keys
from chassis.data.files import Folder
from chassis.data.ledger import store
from services.profile.rights.domain.retention import policies, policies_on
from services.profile.rights.usecases.shred import shred
from services.profile.upkeep import carry_out, foretell
from smecredit.ledger import Checkpoint, consistent, included

TITLES = "record,enterprise,number,tier,authority,date,published_on,ends_on,repaired_on\n"
SOLE_TRADER, FIRM = "92350100M000100Y40", "91350100M000100Y43"


def later(house: House, **time: int) -> Any:
    moment = datetime.now(UTC) + timedelta(**time)
    return replace(house.context, now=lambda: moment)


def numbers(house: House) -> list[str]:
    """Return the document numbers in all the files of the lake of public records."""
    folder = Path(f"{house.context.settings.lake_url}-public-records")
    parts = [pl.read_parquet(path, hive_partitioning=False) for path in folder.rglob("*.parquet")]
    return sorted({number for part in parts for number in part["number"]})


def test_every_policy_says_its_basis_in_both_languages() -> None:
    assert all(words for each in policies() for text in (each.title, each.basis) for words in (text.zh, text.en))


def test_five_years_protect_persons_and_not_firms(cottage: House) -> None:
    """Both records ended six years ago: the sole trader's is gone, the firm's is kept by a policy of its own."""
    ended = "2020-01-01,2020-01-10,2020-11-10,"
    rows = [f"penalty,{SOLE_TRADER},P-1,general,局,{ended}", f"penalty,{FIRM},P-2,general,局,{ended}"]
    assert cottage.send("public-records", TITLES + "\n".join(rows) + "\n")["accepted"] == 2
    done = shred(cottage.context)
    assert done["adverse-records-of-sole-traders"] == 1
    assert numbers(cottage) == ["P-2"]


def test_a_repaired_record_is_erased_when_no_review_can_need_it(cottage: House) -> None:
    cottage.send("public-records", TITLES + "penalty,E1,P-1,general,局,2026-01-01,2026-01-10,,2026-05-01\n")
    shred(cottage.context)
    assert numbers(cottage) == ["P-1"]
    assert shred(later(cottage, days=200))["repaired-records"] == 1
    assert numbers(cottage) == []


def test_no_copy_of_an_erased_record_is_left(cottage: House) -> None:
    """Neither in a dispute about it nor in the answer that was kept for its key."""
    cottage.send("public-records", TITLES + "penalty,E1,P-1,general,局,2026-01-01,2026-01-10,,\n")
    (one,) = cottage.client.get("/v1/enterprises/E1/evidence?feature=penalties_general", headers=cottage.owner()).json[
        "items"
    ]
    body = {"item": {"kind": "public-records", "record": one["name"]}, "reason": "other", "statement": "No."}
    opened = cottage.client.post("/v1/disputes", json=body, headers=cottage.owner() | {"Idempotency-Key": "k"}).json
    cottage.send("public-records", TITLES + "penalty,E1,P-1,general,局,2026-01-01,2026-01-10,,2026-05-01\n")
    shred(later(cottage, days=200))
    found = cottage.client.get(f"/v1/disputes/{opened['id']}", headers=cottage.owner()).json
    assert found["before"] == {}
    with cottage.context.database.read() as session:
        kept = session.execute(select(keys.TABLE.c.answer)).scalars().all()
    assert "P-1" not in str(kept)


def test_what_was_erased_does_not_come_back_with_the_same_file(cottage: House) -> None:
    """That it left stays noted, by a digest."""
    row = "penalty,E1,P-1,general,局,2026-01-01,2026-01-10,,2026-05-01\n"
    cottage.send("public-records", TITLES + row)
    shred(later(cottage, days=200))
    cottage.send("public-records", TITLES + row.replace(",2026-05-01", ","))
    found = cottage.client.get("/v1/enterprises/E1/evidence?feature=penalties_general", headers=cottage.owner())
    assert found.json["items"] == []


@pytest.fixture
def read(house: House) -> House:
    """Return a house, on both databases, whose one file a bank has read."""
    house.send("invoices.purchase", HEADER + ROW)
    house.consent()
    assert house.client.get("/v1/enterprises/E1/features", headers=house.bank()).status_code == 200
    return house


def test_the_ledger_forgets_whose_and_proves_itself_still(read: House) -> None:
    """Root, leaves and proofs are those of before; nothing tells any more whom the entries concern."""
    with read.context.database.read() as session:
        before = store.head(session)
        leaves = [store.entry(session, n).leaf for n in range(before.size)]
        concern = [n for n in range(before.size) if store.entry(session, n).subject]
    done = shred(later(read, days=6 * 366))
    assert (done["accesses"], done["consents"]) == (1, 1)
    with read.context.database.read() as session:
        kept = [store.entry(session, n) for n in range(before.size)]
        assert [each.leaf for each in kept] == leaves
        assert {(kept[n].subject, kept[n].actor, kept[n].salt) for n in concern} == {(None, None, None)}
        now = store.head(session)
        consistent(point(before), point(now), store.consistency(session, before.size, now.size))
        for n, proof in store.inclusions(session, range(before.size), now.size).items():
            included(leaves[n], n, proof, point(now))


def point(head: store.Head) -> Checkpoint:
    return Checkpoint("smecredit/profile", head.size, head.root)


def test_a_consent_stays_as_long_as_a_read_that_rests_on_it(read: House) -> None:
    done = shred(later(read, days=31))
    assert (done["accesses"], done["consents"]) == (0, 0)


def test_a_shredding_that_was_killed_is_finished_by_the_next(cottage: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows were written anew, and the files that held them were still there."""
    cottage.send("public-records", TITLES + "penalty,E1,P-1,general,局,2026-01-01,2026-01-10,,2026-05-01\n")

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(DeltaTable, "vacuum", killed)
        with pytest.raises(KeyboardInterrupt):
            shred(later(cottage, days=200))
    assert numbers(cottage) == ["P-1"]
    shred(later(cottage, days=200))
    assert numbers(cottage) == []


def test_a_refused_file_goes_too(cottage: House) -> None:
    assert cottage.send("invoices.purchase", "no,such,titles\n1,2,3\n")["state"] == "failed"
    shred(later(cottage, days=400))
    assert cottage.context.uploads.list() == []


def test_files_as_received_go_after_their_year(cottage: House) -> None:
    cottage.send("invoices.purchase", HEADER + ROW)
    assert shred(cottage.context)["received-files"] == 0
    assert shred(later(cottage, days=400))["received-files"] >= 1
    assert cottage.context.uploads.list() == []


def test_a_file_of_no_import_goes_after_a_week(cottage: House) -> None:
    """Whoever took it in was killed before that was noted: no policy of an import would ever reach it."""
    kept = cottage.send("invoices.purchase", HEADER + ROW)["id"]
    files = cottage.context.uploads
    assert isinstance(files, Folder)
    for name, days in (("imp_of_nobody", 8), ("imp_just_now", 6)):
        with files.writing(name) as file:
            file.write(b"persons")
        old = time.time() - days * 86_400
        os.utime(files.root / name, (old, old))
    assert shred(cottage.context)["received-files"] == 1
    left = {file.name.partition(".")[0] for file in files.list()}
    assert left == {kept, "imp_just_now"}


def test_shredding_twice_shreds_once(cottage: House) -> None:
    cottage.send("invoices.purchase", HEADER + ROW)
    shred(later(cottage, days=400))
    assert not any(shred(later(cottage, days=400)).values())


def test_every_kind_of_policy_has_a_step_that_carries_it_out(cottage: House) -> None:
    """A policy without one would be a promise that nobody keeps: all that the command carries out is asked."""
    assert set(carry_out(cottage.context)) == {each.key for each in policies()}
    assert policies_on("accesses")


def test_a_dry_run_tells_what_would_go_and_takes_nothing(cottage: House) -> None:
    """Every policy is told, also those of the other wings."""
    cottage.send("invoices.purchase", HEADER + ROW)
    after = later(cottage, days=400)
    told = foretell(after)
    assert set(told) == {each.key for each in policies()}
    assert told["received-files"] >= 1
    assert foretell(after) == told
    done = carry_out(after)
    assert {key: done[key] for key in ("received-files", "stored-answers")} == {
        key: told[key] for key in ("received-files", "stored-answers")
    }
