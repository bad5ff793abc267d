"""Which service answers which public route, and how long it may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PREFIX = "/v1/"
SERVICES = ("profile", "scoring", "matching")


@dataclass(frozen=True, slots=True)
class Route:
    """A public route: the service behind it, the longest silence (seconds) that is waited out, and its bodies' size.

    `at_once` is how many requests to it one client may have under way in its service; the next ones wait.

    What `streams` (files in, tables and lines out) is passed on piece by piece; everything else fits in memory. What is
    `joined` is asked of every service; the one that is named documents it. Of what `takes_files` so many uploads of a
    client may be under way, and what else is asked there does not wait for them.
    """

    service: str
    patience: float = 30.0
    streams: bool = False
    joined: bool = False
    at_once: int = 8
    takes_files: bool = False

    @property
    def kind(self) -> tuple[str, int]:
        """What shares its places: the routes of a service of which as many may be under way."""
        return self.service, self.at_once

    def of(self, method: str) -> Route:
        """Return the route as a method uses it: an upload has places of its own."""
        return UPLOADS[self.service] if self.takes_files and method == "POST" else self


# A file of a gigabyte is stored before its import answers; a book of features or scores is computed while the
# caller waits. Everything else answers in milliseconds or makes a job.
UPLOAD, BOOK = 600.0, 180.0
# What lasts and keeps a processor busy, and scores, which share their turns: as many as a busy bank asks at once.
FEW, MANY = 2, 16


@dataclass(frozen=True, slots=True)
class Uploads(Route):
    """The uploads to a service. A body that is not read meanwhile cannot wait: its sender would learn of nothing."""

    @property
    def kind(self) -> tuple[str, int]:
        """What shares its places: nothing else."""
        return f"uploads to {self.service}", self.at_once


UPLOADS: Mapping[str, Route] = {name: Uploads(name, UPLOAD, streams=True, at_once=FEW) for name in SERVICES}

ROUTES: Mapping[str, Route] = {
    "imports": Route("profile", UPLOAD, streams=True, at_once=FEW, takes_files=True),
    "import-previews": Route("profile", UPLOAD, streams=True, at_once=FEW, takes_files=True),
    "enterprises": Route("profile"),
    "consents": Route("profile"),
    "measures": Route("profile"),
    "measure-bases": Route("profile"),
    "alerts": Route("profile"),
    "shocks": Route("profile", BOOK, streams=True, at_once=FEW),
    "exposures": Route("profile", BOOK, streams=True, at_once=FEW),
    "classes": Route("profile", BOOK, at_once=FEW),
    "rings": Route("profile", BOOK, at_once=FEW),
    "indices": Route("profile", streams=True),
    "subscriptions": Route("profile"),
    "feature-sets": Route("profile", BOOK, streams=True, at_once=FEW),
    "catalogue": Route("profile"),
    "connectors": Route("profile"),
    "source-grants": Route("profile"),
    "bidder-screens": Route("profile", streams=True),
    "book": Route("profile"),
    "ledger": Route("profile"),
    "disputes": Route("profile"),
    "repairs": Route("profile"),
    "notices": Route("profile"),
    "retention": Route("profile", joined=True),
    "jobs": Route("profile", joined=True),
    "enterprises/*/scores": Route("scoring"),
    "scores": Route("scoring", at_once=MANY),
    "score-ledger": Route("scoring"),
    "score-batches": Route("scoring", streams=True),
    "score-sets": Route("scoring", BOOK, streams=True, at_once=FEW),
    "receipt-keys": Route("scoring"),
    "reason-codes": Route("scoring"),
    "overlay-rules": Route("scoring"),
    "counting-policy": Route("scoring"),
    "receipt-verifications": Route("scoring"),
    "models": Route("scoring"),
    "drift": Route("scoring", BOOK, at_once=FEW),
    "outcomes": Route("scoring"),
    "evaluations": Route("scoring", UPLOAD, streams=True, at_once=FEW, takes_files=True),
    "products": Route("matching"),
    "matches": Route("matching"),
    "match-batches": Route("matching", streams=True),
    "churn-curves": Route("matching"),
    "decisions": Route("matching"),
    "allocations": Route("matching"),
    "assignments": Route("matching"),
    "receivable-quotes": Route("matching"),
    "applications": Route("matching"),
    "agreement-ledger": Route("matching"),
    "webhooks": Route("matching"),
}


def route_of(path: str) -> Route | None:
    """Return the route of a path (`/v1/enterprises/local:E1/scores`), None where no service answers it.

    The more exact entry wins. A path with an empty, `.` or `..` segment has no route: a server behind us may
    read it as another path than the one that was routed.
    """
    if not path.startswith(PREFIX):
        return None
    segments = path[len(PREFIX) :].split("/")
    if any(segment in {"", ".", ".."} for segment in segments):
        return None
    if len(segments) > 2:
        exact = ROUTES.get(f"{segments[0]}/*/{segments[2]}")
        if exact:
            return exact
    return ROUTES.get(segments[0])
