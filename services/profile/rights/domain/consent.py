"""Consent to be read: who may read what, for which purpose, until when (征信业管理条例 Art. 13 and 18)."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files

from chassis.core.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests
from services.profile.book.domain.permit import Window
from services.profile.standards.days import day_of, start_of
from services.profile.standards.text import Text


class Purpose(StrEnum):
    """Why a file is read; `financing-match` is a soft check.

    Two are mandates and open nothing to read: to apply for the firm, and to accept terms that bind it.
    """

    ASSESSMENT = "credit-assessment"
    MONITORING = "credit-monitoring"
    MATCH = "financing-match"
    TRAINING = "model-training"
    SUPERVISION = "supervision"
    PROCUREMENT = "procurement"
    APPLICATION = "financing-application"
    ACCEPTANCE = "financing-acceptance"


class Field(StrEnum):
    """What a consent opens."""

    FEATURES = "features"
    RECORDS = "records"
    PORTRAIT = "portrait"
    SCORE = "score"
    MEASURES = "measures"
    GRAPH = "graph"


class Period(StrEnum):
    """In what a consent counts its reads: days and calendar months of China."""

    DAY = "day"
    MONTH = "month"

    def start(self, now: datetime) -> datetime:
        """Return when the period began that a moment lies in."""
        day = day_of(now)
        return start_of(day if self is Period.DAY else day.replace(day=1))

    def end(self, now: datetime) -> datetime:
        """Return when the next one begins."""
        # No month has 32 days, so that the first and 32 days lie in the next one.
        return self.start(self.start(now) + timedelta(days=1 if self is Period.DAY else 32))


class ConsentRequired(Forbidden):
    """No live consent covers this client, purpose and enterprise."""


class PurposeRequired(Invalid):
    """A third party reads for a named purpose, or not at all."""


class ReadsUsedUp(TooManyRequests):
    """The consent allows so many reads a day or month, and they were made."""


class ConsentNotFound(NotFound):
    """There is no such consent, or it is not the caller's."""


class ConsentAlreadyRevoked(Conflict):
    """A consent is revoked once."""


class ImpossibleConsent(Invalid):
    """The consent contradicts itself."""


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent as stored; `valid_until` is the last day on which it holds."""

    id: str
    enterprise: str
    grantee: str
    purposes: frozenset[str]
    fields: frozenset[str]
    valid_from: date
    valid_until: date
    revoked_at: datetime | None = None
    # The days as of which the file may be read; None on a side leaves it open.
    as_of_from: date | None = None
    as_of_until: date | None = None
    most_reads_a_day: int | None = None
    most_reads_a_month: int | None = None

    @property
    def limits(self) -> dict[Period, int]:
        """How often it may be read in each period that it limits."""
        said = {Period.DAY: self.most_reads_a_day, Period.MONTH: self.most_reads_a_month}
        return {period: most for period, most in said.items() if most is not None}

    def covers(self, purpose: Purpose, fields: Collection[Field], today: date) -> bool:
        """Tell whether the consent is live on this day for this purpose and opens one of these fields."""
        live = self.revoked_at is None and self.valid_from <= today <= self.valid_until
        return live and purpose in self.purposes and not self.fields.isdisjoint(fields)

    @property
    def has_window(self) -> bool:
        """Tell whether it opens some days only."""
        return self.as_of_from is not None or self.as_of_until is not None

    @property
    def window(self) -> Window:
        """The days as of which the file may be read."""
        return Window(self.as_of_from, self.as_of_until)


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that stays on file when a consent ends."""

    what: str
    title: Text
    basis: Text


@cache
def kept_by_law() -> tuple[Kept, ...]:
    """Return what stays on file when a consent ends, as `kept.toml` declares it."""
    declared = tomllib.loads((files(__package__) / "kept.toml").read_text("utf-8"))["kept"]
    return tuple(Kept(each["what"], Text(*each["title"]), Text(*each["basis"])) for each in declared)


def purpose_of(written: str | None) -> Purpose:
    """Return the purpose that a request names; raise `PurposeRequired` where it names none that is known."""
    try:
        return Purpose(written or "")
    except ValueError:
        raise PurposeRequired(
            f"Send the header Purpose with one of: {', '.join(Purpose)}.", purposes=list(Purpose)
        ) from None
