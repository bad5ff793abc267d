"""A full disk: writes are refused with what is wrong, reads go on, readiness names it, and room is all it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from profile_house import HEADER, ROW, House, open_house
from small_disk import fill, small_disk
from watching import WATCHED

from chassis.core.identity import Verifier
from chassis.data import storage, worker

FILE = (HEADER + ROW).encode()


@pytest.fixture
def disk(
    tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[House, Path]]:
    """Return a service whose whole home lies on a disk of its own, with an invoice and a consent, and the disk."""
    monkeypatch.setattr(storage, "PROBE_SECONDS", 0.0)
    with small_disk(tmp_path / "disk", 24) as folder:
        house = open_house(f"sqlite:///{folder}/home/profile.db", folder, verifier, tokens)
        house.send("invoices.purchase", FILE)
        house.consent()
        yield house, folder


def test_on_a_full_disk_nothing_is_taken_in_and_what_needs_no_record_is_read(disk: tuple[House, Path]) -> None:
    """A reader whose read has to leave a record waits; the firm itself, and whoever asks for the book, reads on."""
    house, folder = disk
    ballast = fill(folder)
    ready = house.client.get("/readyz")
    assert ready.status_code == 503
    for place in ("database", "lake", "uploads"):
        assert f"{place}: no space is left" in ready.json["missing"]["writing"]
    of_firm = "/v1/enterprises/local:E1/features"
    sent = house.client.post("/v1/imports?kind=invoices.purchase", data=FILE, headers=house.source)
    for refused in (sent, house.client.get(of_firm, headers=house.bank())):
        assert (refused.status_code, refused.json["type"]) == (507, "/problems/not-writable")
        assert refused.headers["Retry-After"] == "10"
    assert house.book()["invoices"] == 1
    assert house.client.get(of_firm, headers=house.owner()).status_code == 200
    assert 'disk_free_bytes{place="lake"} 0.0' in house.client.get("/metrics", **WATCHED).text
    ballast.unlink()
    assert house.client.get("/readyz").json["missing"] == {}
    assert house.client.get(of_firm, headers=house.bank()).status_code == 200
    assert house.send("invoices.purchase", FILE)["duplicate"] == 1
    # Of the refused one nothing is left: each file is that of an import that was taken in.
    assert len({path.name[:30] for path in (folder / "home" / "uploads").iterdir()}) == 2


def test_an_import_that_meets_a_full_disk_is_finished_when_there_is_room(
    tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the lake has no room and the database has: what was accepted waits, however long, and is not ended."""
    monkeypatch.setattr(worker, "PUT_OFF_SECONDS", 0.0)
    with small_disk(tmp_path / "disk", 24) as folder:
        house = open_house(f"sqlite:///{tmp_path}/profile.db", folder, verifier, tokens)
        more = HEADER + "".join(f"E{n},{n},2019/1/4,A1,100.00,13.00,113.00,有效发票\n" for n in range(3000))
        sent = house.client.post("/v1/imports?kind=invoices.purchase", data=more.encode(), headers=house.source).json
        ballast = fill(folder)
        for _ in range(12):
            assert house.worker.run_once()
        assert house.state(sent["id"])["state"] == "queued"
        ballast.unlink()
        while house.worker.run_once():
            pass
        assert house.state(sent["id"])["accepted"] == 3000
        assert house.book()["invoices"] == 3000


def test_a_worker_outlives_a_full_disk_under_its_own_database(disk: tuple[House, Path]) -> None:
    """Nothing can be noted of the job then; it is taken again once there is room."""
    house, folder = disk
    sent = house.client.post(
        "/v1/imports?kind=invoices.purchase", data=(HEADER + ROW.replace("1001", "1002")).encode(), headers=house.source
    ).json
    ballast = fill(folder)
    house.worker._step()
    ballast.unlink()
    while house.worker.run_once():
        pass
    assert house.state(sent["id"])["accepted"] == 1
