"""Commands on a vault of backups: `python -m chassis.data.cli COMMAND PLACE …`."""

from __future__ import annotations

import sys
from typing import Any

from chassis.core import commands
from chassis.data.vault import vault_at


def complete(place: str, moment: str, services: str) -> dict[str, Any]:
    """Declare that the services (with commas between) have put in their parts of a backup."""
    with vault_at(place) as vault:
        return vault.complete(moment, services.split(","))


def choose(place: str, at: str = "") -> dict[str, Any]:
    """Tell which whole backup is the newest, or the newest up to a moment, and what is in it."""
    with vault_at(place) as vault:
        moments = [moment for moment in vault.completed() if not at or moment <= at]
        if not moments:
            sys.exit(
                f"there is no whole backup{f' up to {at}' if at else ''} at {place}; there are: {vault.completed()}"
            )
        return vault.told(moments[-1])


def newest(place: str) -> dict[str, Any]:
    """Tell the moment of the newest backup, whole or not."""
    with vault_at(place) as vault:
        return {"moment": vault.newest()}


def backups(place: str) -> dict[str, Any]:
    """Tell all whole backups, the oldest first."""
    with vault_at(place) as vault:
        return {"backups": [vault.told(moment) for moment in vault.completed()]}


def prove(place: str, moment: str) -> dict[str, Any]:
    """Read every chunk of a backup again, and tell what is missing or damaged."""
    with vault_at(place) as vault:
        return {"moment": moment, "damages": list(vault.prove(moment))}


def mend(place: str, moment: str) -> dict[str, Any]:
    """Do the same, and take out what is damaged, so that the next backup puts it in again."""
    with vault_at(place) as vault:
        return {"moment": moment, "damages": list(vault.prove(moment, mend=True))}


def prune(place: str, most: str) -> dict[str, Any]:
    """Take all but the newest so many backups out; never beside a backup."""
    with vault_at(place) as vault:
        freed = vault.prune(int(most))
        return {"backups": vault.completed(), "freed_bytes": freed}


if __name__ == "__main__":
    commands.run(
        "chassis.data",
        complete=complete,
        choose=choose,
        newest=newest,
        backups=backups,
        prove=prove,
        mend=mend,
        prune=prune,
    )
