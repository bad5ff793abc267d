"""Damaged data is named: by the problem of whoever needs it, and by `verify` before anybody does."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from profile_house import HEADER, House, open_house
from sqlalchemy import delete, text, update

from chassis.core.identity import Verifier
from chassis.data import listing
from services.profile.book import tables
from services.profile.book.delta import bucket_of
from services.profile.composition import PACKAGE
from services.profile.rights.usecases.verify import verify

WRONG = "E1,1,2019/15/4,A1,100.00,13.00,113.00,有效发票\n"
# In two buckets: see `test_a_bucket_is_the_same_for_ever`.
FIRMS = ("E1", "E2")


@pytest.fixture
def stocked(house: House) -> House:
    """Return a service with two imports of two firms each."""
    for part in (range(300), range(300, 600)):
        lines = (f"{firm},{n},2019/1/4,A1,100.00,13.00,113.00,有效发票\n" for n in part for firm in FIRMS)
        house.send("invoices.purchase", HEADER + "".join(lines))
    return house


def files(house: House, firm: str) -> list[Path]:
    bucket = bucket_of(f"local:{firm}", 16)
    return sorted((house.context.settings.home / "lake" / f"bucket={bucket}").glob("*.parquet"))


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    for place in range(len(body) // 4, len(body) // 2, 97):
        body[place] ^= 0xFF
    path.write_bytes(body)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def remove(path: Path) -> None:
    path.unlink()


def found(house: House, *, deep: bool = False) -> list[tuple[str, str, str]]:
    return [(each.what, each.where, each.found) for each in verify(house.context, PACKAGE, deep=deep)[1]]


def test_what_is_as_it_should_be_gives_no_finding(stocked: House) -> None:
    """Everything was looked at, deeply too, and on both databases."""
    stocked.consent()
    for deep in (False, True):
        checked, findings = verify(stocked.context, PACKAGE, deep=deep)
        assert findings == []
        assert (checked["imports"], checked["imports in lakes"], checked["files of lakes"]) == (2, 2, 4)
        assert (checked["files received"], checked["databases"]) == (2, 1)
        assert checked["ledger entries"] >= 1


@pytest.mark.parametrize("damage", [cut, flip, remove])
def test_a_damaged_file_is_named_and_other_buckets_are_served(
    cottage: House, damage: Callable[[Path], None], verifier: Verifier, tokens: Callable[..., dict[str, str]]
) -> None:
    """The problem tells bucket and file within the lake, and no path of the machine; imports elsewhere go on."""
    for firm in FIRMS:
        cottage.send(
            "invoices.purchase",
            HEADER + "".join(f"{firm},{n},2019/1/4,A1,1.00,0.13,1.13,有效发票\n" for n in range(999)),
        )
    (file,) = files(cottage, "E1")
    whole = file.read_bytes()
    damage(file)
    home = cottage.context.settings.home
    house = open_house(cottage.context.settings.database_url, home.parent, verifier, tokens)
    with house.context.database.begin() as session:
        session.execute(delete(tables.FeatureSnapshot))
    answer = house.client.get("/v1/enterprises/local:E1/features", headers=house.owner("local:E1"))
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/lake-damaged")
    assert answer.json["bucket"] == bucket_of("local:E1", 16)
    assert answer.json["file"] == f"bucket={answer.json['bucket']}/{file.name}"
    assert str(home) not in answer.text
    assert house.client.get("/v1/enterprises/local:E2/features", headers=house.owner("local:E2")).status_code == 200
    house.follows = False
    failed = house.send("invoices.purchase", f"{HEADER}E1,5000,2019/1/4,A1,1.00,0.13,1.13,有效发票\n")
    assert (failed["state"], failed["problem"]["type"]) == ("failed", "/problems/lake-damaged")
    assert house.send("invoices.purchase", f"{HEADER}E2,5000,2019/1/4,A1,1.00,0.13,1.13,有效发票\n")["accepted"] == 1
    (told,) = [each for each in found(house, deep=True) if each[0] == "file"]
    assert told[1] == f"lake of invoices, bucket {answer.json['bucket']}, {answer.json['file']}"
    assert (damage is flip) == (not [each for each in found(house) if each[0] == "file"])
    file.write_bytes(whole)
    listing.again(house.context.database, failed["id"])
    house.worker.run_once()
    assert (house.state(failed["id"])["accepted"], found(house, deep=True)) == (1, [])


def test_one_byte_that_became_another_is_named_wherever_it_lies(stocked: House) -> None:
    """Also where the file can be read as before: its digest was noted with its commit."""
    file = next((stocked.context.settings.home / "lake").rglob("*.parquet"))
    whole = file.read_bytes()
    for place in range(5, len(whole), len(whole) // 12):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x01]) + whole[place + 1 :])
        assert [each[1] for each in found(stocked, deep=True) if each[0] == "file"] == [
            f"lake of invoices, {file.parent.name.replace('=', ' ')}, {file.parent.name}/{file.name}"
        ]
    file.write_bytes(whole)
    assert found(stocked, deep=True) == []


def test_a_log_entry_that_is_cut_off_is_named(stocked: House) -> None:
    """Nothing of that lake can be read then; readiness and `verify` say which entry it is."""
    entry = sorted((stocked.context.settings.home / "lake" / "_delta_log").glob("*.json"))[-1]
    cut(entry)
    assert ("file", f"lake of invoices, log, _delta_log/{entry.name}", "no whole entry") in found(stocked)
    answer = stocked.client.get("/readyz")
    assert (answer.status_code, list(answer.json["missing"])) == (503, ["lake"])


def test_a_log_entry_that_is_gone_is_named(stocked: House) -> None:
    """The first one, too, without which the lake cannot be opened at all."""
    entry = min((stocked.context.settings.home / "lake" / "_delta_log").glob("*.json"))
    entry.unlink()
    (told,) = [each for each in found(stocked) if each[0] == "file"]
    assert told[1] == f"lake of invoices, log, _delta_log/{entry.name}"
    assert told[2].startswith("missing: ")


@pytest.mark.parametrize("form", [".rejects.csv", ".rejected.csv"])
def test_what_was_written_of_rejected_rows_is_held_against_its_digest(stocked: House, form: str) -> None:
    """A report that is gone is told at once, one of which a byte became another by `deep`; put back, nothing is."""
    done = stocked.send("invoices.purchase", HEADER + WRONG)
    assert done["rejected"] == 1
    path = stocked.context.settings.home / "uploads" / f"{done['id']}{form}"
    content = path.read_bytes()
    path.write_bytes(content[:-2] + b"x" + content[-1:])
    assert found(stocked) == []
    assert [each[:2] for each in found(stocked, deep=True)] == [("report", path.name)]
    path.unlink()
    assert found(stocked) == [("report", path.name, "missing")]
    path.write_bytes(content)
    assert found(stocked, deep=True) == []


def test_what_the_database_says_is_held_against_the_lake_and_the_files(stocked: House) -> None:
    """A count that differs, a step of another import, an upload that is missing or altered: each is a finding."""
    first, second = sorted(path.name for path in uploads(stocked) if "." not in path.name)
    (stocked.context.settings.home / "uploads" / first).unlink()
    (stocked.context.settings.home / "uploads" / second).write_bytes(
        b"x" * (stocked.context.settings.home / "uploads" / second).stat().st_size
    )
    with stocked.context.database.begin() as session:
        session.execute(update(tables.LakeStep).where(tables.LakeStep.lake_version == 1).values(records=7))
    told = found(stocked)
    assert ("file received", first, "missing") in told
    assert ("count", "lake of invoices, version 1", "600 records in the log") in told
    assert not [each for each in told if each[1] == second]
    assert [each for each in found(stocked, deep=True) if each[:2] == ("file received", second)]


def uploads(house: House) -> list[Path]:
    return list((house.context.settings.home / "uploads").iterdir())


def test_an_entry_of_the_ledger_that_was_altered_gives_another_root(stocked: House) -> None:
    """Whoever may write to the database cannot do so unseen."""
    stocked.consent()
    with stocked.context.database.begin() as session:
        session.execute(text("UPDATE ledger_entries SET leaf = salt WHERE n = 0"))
    (told,) = [each for each in found(stocked) if each[0] == "ledger"]
    assert "the entries give the root" in told[2]
    with stocked.context.database.begin() as session:
        session.execute(text("DELETE FROM ledger_entries WHERE n = 0"))
    (told,) = [each for each in found(stocked) if each[0] == "ledger"]
    assert told[2].endswith("entries")


def test_a_database_whose_pages_were_altered_is_named(cottage: House) -> None:
    """SQLite finds it in a look at its file, and nothing else is judged by it then."""
    cottage.send(
        "invoices.purchase", HEADER + "".join(f"E{n},{n},2019/1/4,A1,1.00,0.13,1.13,有效发票\n" for n in range(400))
    )
    path = Path(cottage.context.settings.database_url.removeprefix("sqlite:///"))
    with cottage.context.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    cottage.context.database.dispose()
    body = bytearray(path.read_bytes())
    for page in range(2, len(body) // 4096, 3):
        body[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(body)
    told = found(cottage)
    assert told
    assert {what for what, _, _ in told} == {"database"}
