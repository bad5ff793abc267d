"""An endpoint of webhooks: which events it wants, how long it is left alone when it fails, when it is put aside."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from enum import StrEnum

from chassis.core.errors import Invalid
from services.matching.domain.application import EVENTS

# What is told, by family: moves of applications; what the profile service has to tell of files. Its words for those are
# its own, so that a new one needs nothing here.
APPLICATION, NOTICE = "application", "notice"
NOTICE_EVENT = re.compile(r"[a-z][a-z-]{0,39}")
MOST_EVENTS = 50
# What concerns the endpoint itself reaches it whatever it wants else.
TEST, PUT_ASIDE = "endpoint.test", "endpoint.put-aside"
OWN = "endpoint."
# Seconds until the next attempt after so many failures on end: three days in all, after which it is put aside.
PAUSES = (5, 15, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 72_000, 86_400)


class PutAside(StrEnum):
    """Why nothing is sent to an endpoint."""

    UNANSWERED = "unanswered"  # it failed for three days; what there is to tell waits
    GONE = "gone"  # it said that it is no more (410); there is nothing to tell it


class EventUnknown(Invalid):
    """An endpoint cannot want such an event."""


def wants(events: Collection[str] | None, kind: str) -> bool:
    """Tell whether an endpoint with this filter (None: all) is told an event.

    >>> wants(["application.*"], "application.offer"), wants(["application.*"], "notice.repaired")
    (True, False)
    >>> wants(["notice.repaired"], "endpoint.test")
    True
    """
    family = kind.partition(".")[0]
    return events is None or kind.startswith(OWN) or kind in events or f"{family}.*" in events


def checked(events: Sequence[str] | None) -> list[str] | None:
    """Return a filter in order and without repeats; raise `EventUnknown` for what is never told."""
    if events is None:
        return None
    for event in events:
        if not _known(event):
            raise EventUnknown(
                f"There is no event {event[:60]!r}; there are application.*, notice.*, {', '.join(_names())}, and "
                "notice.NAME.",
                event=event[:60],
                field="events",
            )
    return sorted(set(events))


def pause(failures: int) -> int | None:
    """Return the seconds until the next attempt after so many failures on end (1 and more); None: it is put aside."""
    return PAUSES[failures - 1] if failures <= len(PAUSES) else None


def _known(event: str) -> bool:
    family, _, name = event.partition(".")
    if family == NOTICE:
        return name == "*" or NOTICE_EVENT.fullmatch(name) is not None
    return family == APPLICATION and (name == "*" or name in EVENTS)


def _names() -> list[str]:
    return [f"{APPLICATION}.{name}" for name in EVENTS]
