"""How many bytes of files a client may send, in a day and of what is kept: what is used of it, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from chassis.core.errors import TooLarge, TooManyRequests
from chassis.data import jobs
from services.profile.book import tables
from services.profile.book.context import Context
from services.profile.book.import_store import SEALED
from services.profile.standards.days import CHINA, day_of

# As long as files are kept as received (`retention.toml`, received-files).
KEPT_DAYS = 366


class SentEnough(TooManyRequests):
    """A client has sent as many bytes today as it may."""


class KeptEnough(TooLarge):
    """As many bytes of a client's files are kept as may be."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Bytes that a client has sent since midnight in China, and that are kept of it; how many may be; the next day."""

    sent: int
    kept: int
    most_sent: int
    most_kept: int
    now: datetime
    next_day: datetime

    @property
    def left_today(self) -> int:
        """Return how many bytes may still be sent today."""
        return max(0, self.most_sent - self.sent)

    @property
    def left_kept(self) -> int:
        """Return how many more bytes may be kept."""
        return max(0, self.most_kept - self.kept)

    def require(self, size: int) -> None:
        """Raise where a file of so many bytes is too much, with what is used and what is left."""
        if size > self.left_kept:
            raise KeptEnough(
                f"Of your files {self.kept} bytes are kept, of {self.most_kept} at most: {self.left_kept} are left. "
                "Files go twelve months after they came; the operator can allow more. / 您已存文件 "
                f"{self.kept} 字节，上限 {self.most_kept} 字节，剩余 {self.left_kept} 字节；文件满十二个月后清理，"
                "也可请运营方提高上限。",
                used_bytes=self.kept,
                left_bytes=self.left_kept,
                limit_bytes=self.most_kept,
            )
        if size > self.left_today:
            raise SentEnough(
                f"You have sent {self.sent} bytes of files today, of {self.most_sent} at most: {self.left_today} are "
                f"left. Send more from {self.next_day.isoformat()} on. / 您今日已报送 {self.sent} 字节，上限 "
                f"{self.most_sent} 字节，剩余 {self.left_today} 字节，请明日再报。",
                used_bytes=self.sent,
                left_bytes=self.left_today,
                limit_bytes=self.most_sent,
                retry_after=max(1, int((self.next_day - self.now).total_seconds())),
            )

    def shown(self) -> dict[str, Any]:
        """Return what a client reads of it."""
        return {
            "today": {"used_bytes": self.sent, "left_bytes": self.left_today, "limit_bytes": self.most_sent},
            "kept": {"used_bytes": self.kept, "left_bytes": self.left_kept, "limit_bytes": self.most_kept},
            "next_day": self.next_day,
        }


def allowance(context: Context, session: Session, client: str) -> Allowance:
    """Return what a client may still send: its imports tell what it has sent."""
    now, table, settings = context.now(), tables.Import, context.settings
    midnight = datetime.combine(day_of(now), datetime.min.time(), CHINA).astimezone(UTC)
    since = now - timedelta(days=KEPT_DAYS)
    size = func.coalesce(func.sum(table.size), 0)
    own = select(size).where(table.client == client)
    sent = session.scalar(own.where(table.created_at >= midnight)) or 0
    came = session.scalar(own.where(table.created_at >= since)) or 0
    kept = int(came) - _gone(session, table.client == client, table.created_at >= since)
    day = timedelta(days=1)
    return Allowance(int(sent), kept, settings.uploads_a_day, settings.uploads_kept, now, midnight + day)


def allowance_in_turn(context: Context, session: Session, client: str) -> Allowance:
    """Return the same within the transaction of an import; imports of one client take turns from here to its end.

    Two at once would each be held against what is left without the other.
    """
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"uploads {client}"))))
    return allowance(context, session, client)


def _gone(session: Session, *asked: ColumnElement[bool]) -> int:
    """Return the bytes of files that name persons and were worked off or refused: they went then."""
    table, job = tables.Import, jobs.TABLE.c
    sealed = select(table.size, table.finished_at, job.problem).join(jobs.TABLE, job.id == table.id)
    ended = sealed.where(*asked, table.kind.in_(SEALED), job.finished_at.is_not(None))
    return sum(
        size
        for size, finished_at, problem in session.execute(ended)
        # A file that a fault of ours has left lies there still.
        if finished_at is not None or (problem or {}).get("status", 500) < 500
    )
