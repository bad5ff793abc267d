"""Whether a lake and the database belong together: each names versions, and a version is bound once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from deltalake import DeltaTable

from chassis.core.errors import Unready

CURE = (
    "Nothing is written until they fit. Restore both from one backup, or make the lake again from the files received: "
    "python -m services.profile.cli rebuild. / "
    "数据湖与数据库恢复一致之前不写入任何数据；请从同一备份恢复二者，或由已接收文件重建数据湖。"
)


class LakeBehind(Unready):
    """A lake is older than the database: a version is missing that readers have been shown."""


class LakeForeign(Unready):
    """A lake is not the database's own: it lacks an import that is in the book, or holds one that nobody sent."""


# So long the log of a lake tells which import made which commit: who asks for one by its id is a job that is tried
# again, and jobs are kept for three months. What the log drops is not missed from somewhat earlier on.
TRANSACTIONS_KEPT = "interval 365 days"
TOLD_FOR_SURE = timedelta(days=335)


@dataclass(frozen=True, slots=True)
class Step:
    """A version of a lake that the database names.

    `commit` made it (an import's id, or the mark of an act), and its rows are known since `committed_at`; both are None
    of a step from before they were kept.
    """

    version: int
    commit: str | None = None
    committed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """One import in the lake: the version it made, and what it said of itself (counts, `known_at`, latest `date`).

    `name` is the import's id, or the mark of an act that handed rows over.
    """

    version: int
    facts: Mapping[str, Any]
    name: str

    @property
    def step(self) -> Step:
        """The version as the database names it."""
        return Step(self.version, self.name, datetime.fromisoformat(self.facts["known_at"]))


def require(table: DeltaTable, step: Step | None, kind: str) -> None:
    """Raise `LakeBehind` or `LakeForeign` where a lake does not hold the newest step that the database names."""
    if step is None:
        return
    if table.version() < step.version:
        raise behind(kind, step.version, table.version())
    if step.commit is not None and not _forgotten(step) and table.transaction_version(step.commit) is None:
        raise LakeForeign(
            f"Version {step.version} of {kind} is of the commit {step.commit}, says the database; the lake stands at "
            f"version {table.version()} and holds no such commit: it is another lake. {CURE}",
            lake=kind,
            database_version=step.version,
            lake_version=table.version(),
        )


def _forgotten(step: Step) -> bool:
    """Tell whether a step is so old that the log may have dropped whose it was."""
    return step.committed_at is not None and step.committed_at < datetime.now(UTC) - TOLD_FOR_SURE


def behind(kind: str, named: int, newest: int) -> LakeBehind:
    """Return what is said where the database names a version and the lake ends before it."""
    return LakeBehind(
        f"The database names version {named} of {kind}, and the lake ends at version {newest}: it is older. {CURE}",
        lake=kind,
        database_version=named,
        lake_version=newest,
    )
