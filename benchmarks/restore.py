"""Backup under load, wipe, restore: whether everything is there that was acknowledged before the backup's moment.

Files, consents and scores are sent without pause, each noted with the moment of its acknowledgement. Two backups are
made meanwhile; then the suite is stopped, its home removed, and the newer backup brought back into an empty one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from drills import Act, acting, invoices, kept

from benchmarks.standing import Standing, settle, standing, until
from smecredit.client import Client
from smecredit.report import Reporter
from smecredit.running import upkeep
from smecredit.running.backups import back_up, bring_back
from smecredit.running.home import keys
from smecredit.running.journey import GRANTEE, OPERATOR

BETWEEN_SECONDS = float(os.environ.get("SECONDS_BETWEEN", "30"))
ROWS = 2_000
# Between two files, which the suite keeps up with.
PAUSE_SECONDS = 2.0


def run() -> dict[str, Any]:
    """Do the drill and return what it found."""
    with tempfile.TemporaryDirectory() as folder:
        home, place, apart = Path(folder, "home"), str(Path(folder, "vault")), Path(folder, "keys")
        with standing(home) as running:
            firms = settle(running, Path(folder, "sandbox"))
            with acting(acts(running, firms, Path(folder))) as journal:
                for _ in range(2):
                    time.sleep(BETWEEN_SECONDS)
                    while_running = findings(upkeep.each("verify", "usual", home=home))
                    backup = back_up(place, home, Reporter(), keys=apart, most=None)
                time.sleep(5)
        shutil.rmtree(home)
        bring_back(place, home, Reporter(), at="", keys=apart)
        before = journal.before(backup["moment"])
        lost = before - kept(home)
        with standing(home) as again:
            unfinished = to_the_end(again, [name for kind, name in before if kind == "imports"])
            restored = findings(upkeep.each("verify", "deep", home=home))
    rows = [
        *(_row(f"{kind} acknowledged before the moment", sum(each[0] == kind for each in before)) for kind in KINDS),
        _row("acknowledged later, or meanwhile", len(journal.entries) - len(before)),
        _row("of those before: lost", len(lost), 0),
        _row("imports that did not end with all their rows", len(unfinished), 0),
        _row("findings of `verify` while it ran", len(while_running), 0),
        _row("findings of `verify --deep` after the restore", len(restored), 0),
        _row("callers that broke off", len(journal.broken), 0),
    ]
    told = {"lost": sorted(lost)[:5], "findings": [*while_running, *restored][:5], "broken": journal.broken}
    return {"name": "restore", "title": "Backup under load, wipe, restore (peer: the bar)", "rows": rows, **told}


KINDS = ("imports", "consents", "scores")


def acts(running: Standing, firms: Sequence[str], folder: Path) -> dict[str, Act]:
    """Return what is done meanwhile."""
    known, end = keys(running.home), datetime.now(UTC).date() + timedelta(days=20)
    source, bank, operator = (Client(running.url, known[who], timeout=60) for who in ("source-demo", GRANTEE, OPERATOR))
    (made,) = operator.create_clients([{"id": "drill-owner", "role": "enterprise", "enterprise": firms[0]}])
    owner = operator.with_key(made["key"])
    file = folder / "drill.csv"

    def send(number: int) -> str:
        time.sleep(PAUSE_SECONDS)
        file.write_bytes(invoices("drill", number, ROWS, "drill"))
        return str(source.import_file("invoices.sale", file)["id"])

    def consent(_: int) -> str:
        return str(owner.grant_consent("buyer-demo", ["procurement"], valid_until=end, fields=["portrait"])["id"])

    def score(number: int) -> str:
        return str(bank.score(firms[number % len(firms)])["id"])

    return {"imports": send, "consents": consent, "scores": score}


def to_the_end(running: Standing, imports: Sequence[str]) -> list[str]:
    """Wait until the imports have ended, and return those that have not brought all their rows."""
    with Client(running.url, keys(running.home)["source-demo"], timeout=60) as source:
        for name in imports:
            until(lambda name=name: source.get_import(name)["state"] in {"done", "failed"})  # type: ignore[misc]
        found = [source.get_import(name) for name in imports]
    return [each["id"] for each in found if (each["state"], each["accepted"]) != ("done", ROWS)]


def findings(told: Any) -> list[Any]:
    """Return what `verify` found in all parts."""
    return [finding for answer in told.values() for finding in answer["findings"]]


def _row(what: str, ours: int, peer: int | None = None) -> dict[str, Any]:
    return {"what": what, "ours": ours, "peer": peer, "unit": "", "ratio": None}
