"""That the lakes and the database belong together: looked at in readiness, before a file is taken in, before a job.

A restore of both from different moments, a lost entry of a lake's log or another region of a bucket would else heal
itself wrongly: new imports would take versions that the database names for other content.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from chassis.data.database import Database
from services.profile.book import import_store, step_store
from services.profile.book.context import Context
from services.profile.book.fit import CURE, Commit, LakeForeign, Step

# How long a look is good for whoever takes a file in: the job looks again before it writes.
SECONDS = 2.0


@dataclass(slots=True)
class _Seen:
    """What this process has seen to fit: by kind the step of the database and the lake's newest version."""

    kinds: dict[str, tuple[Step | None, int]] = field(default_factory=dict)
    at: float = float("-inf")


@lru_cache(maxsize=8)
def _seen(_: Database) -> _Seen:
    return _Seen()


def agree(context: Context, *, within: float = 0.0) -> None:
    """Raise `LakeBehind` or `LakeForeign` where a lake does not fit the database.

    A lake may be ahead by commits of imports that the database knows: a job is at work, or will be taken again.
    The last look is good for `within` seconds if it found nothing wrong.
    """
    seen = _seen(context.database)
    if time.monotonic() - seen.at < within:
        return
    began, seen.at = time.monotonic(), float("-inf")
    with context.database.read() as session:
        steps = step_store.last_steps(session)
    for kind, lake in context.lakes.items():
        step = steps.get(kind)
        newest = lake.require(step)
        if seen.kinds.get(kind) != (step, newest):
            since = step.version if step else 0
            if newest > since:
                _require_known(context, kind, lake.commits(since))
            seen.kinds[kind] = step, newest
    seen.at = began


def _require_known(context: Context, kind: str, commits: Mapping[int, Commit]) -> None:
    """Raise `LakeForeign` where a commit is of an import that the database does not know."""
    owners = {version: commit.name.partition(">")[0] for version, commit in commits.items()}
    with context.database.read() as session:
        known = import_store.senders(session, sorted(set(owners.values())))
    for version, owner in owners.items():
        if owner not in known:
            raise LakeForeign(
                f"Version {version} of {kind} holds the import {owner}, and the database knows no such import: it is "
                f"older than the lake, or another's. {CURE}",
                lake=kind,
                lake_version=version,
            )


def name_steps(context: Context) -> int:
    """Note of steps from before commits were kept which commits made them; return how many could be named."""
    named = 0
    for kind, lake in context.lakes.items():
        with context.database.read() as session:
            missing = step_store.unnamed_steps(session, kind)
        made = lake.commits() if missing else {}
        found = [made[version].step for version in missing if version in made]
        with context.database.begin() as session:
            for step in found:
                step_store.name_step(session, kind, step)
        named += len(found)
    return named
