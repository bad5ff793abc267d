"""What can be refused, said without a status: the web layer alone knows how HTTP names it."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """Something asked for that is not done; `detail` says what was found and what to do next.

    Members are further facts for machines (`line=17`, `needed=18`). They reach the caller, so they never
    carry a secret.
    """

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = members


class Invalid(Refused):
    """The request can be read but says something impossible."""


class Unauthenticated(Refused):
    """Nobody, or nobody we know, is asking."""


class Forbidden(Refused):
    """The caller is known and may not do this."""


class NotFound(Refused):
    """There is no such thing, or the caller may not know that there is."""


class Conflict(Refused):
    """The request does not fit the present state of the thing."""


class Outdated(Refused):
    """The thing has changed since the caller read it."""


class TooLarge(Refused):
    """More was sent than is accepted at once."""


class TooManyRequests(Refused):
    """The caller has used up its rate for now."""


class BacklogFull(TooManyRequests):
    """So much of the caller's own work waits that no more is taken on for now."""


class QueueFull(Refused):
    """So much work waits that no more is taken on for now, from anybody."""


class UpstreamUnavailable(Refused):
    """A service that is needed for the answer does not answer."""


class Unready(UpstreamUnavailable):
    """What the operator has to put right first: work that was accepted waits for it and is not ended."""


class NotWritable(Unready):
    """What has to be kept cannot be written just now: the disk is full, read-only or failing."""


class EngineUnavailable(UpstreamUnavailable):
    """What runs units of work is lost, or has no worker that fits; to begin again finds what is done."""


class UnitKilled(Refused):
    """A unit of work ended its process each time that it was tried; all other units are done."""


class InvariantBroken(Refused):
    """A law that must hold did not; the answer is withheld rather than given wrong."""


class DatabaseDamaged(InvariantBroken):
    """The file of a database is not as it was written."""
