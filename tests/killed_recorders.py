"""Recorders of reads, each killed at a moment of chance: `python killed_recorders.py DATABASE_URL CONSENT KILLS`.

Says, a line a recorder, how many acts were acknowledged to it. The recorders are forks of one process that imports once
and has no threads: a kill costs milliseconds.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from datetime import UTC, datetime
from itertools import count

from chassis.data.database import Database
from services.profile.rights import consent_store

MOST_READS = 5
LONGEST_LIFE = 0.03  # seconds after its first act: some tens of acts


def main(url: str, consent: str, kills: int) -> None:
    """Let one recorder after another live for a while."""
    chance = random.Random(7)
    for _ in range(kills):
        told, tell = os.pipe()
        if (child := os.fork()) == 0:
            record(url, consent, tell)
        os.close(tell)
        acknowledged = len(os.read(told, 1))
        time.sleep(chance.uniform(0, LONGEST_LIFE))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while more := len(os.read(told, 1024)):
            acknowledged += more
        os.close(told)
        print(acknowledged, flush=True)


def record(url: str, consent: str, tell: int) -> None:
    """Record acts of one to five reads each, and say a byte when one is acknowledged."""
    database, chance = Database(url), random.Random(os.getpid())
    for act in count():
        reads = [read(consent, f"{os.getpid()}-{act}") for _ in range(chance.randint(1, MOST_READS))]
        with database.connection(writes=True) as connection:
            consent_store.record(connection, reads)
        os.write(tell, b".")


def read(consent: str, act: str) -> dict[str, object]:
    """Return a read as the use cases record it; `request_id` names the act that it is part of."""
    same = {"enterprise": "local:E1", "client": "bank-1", "actor": None, "purpose": "credit-assessment"}
    return {**same, "at": datetime.now(UTC), "consent": consent, "what": "features", "request_id": act}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
