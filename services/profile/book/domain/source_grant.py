"""What a source may send: of which kinds, by which lawful channels and, where its grants say so, of which firms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from chassis.core.errors import Conflict, Forbidden, Invalid, NotFound

# Of these no grant is asked: the operator answers for all that it sends, an enterprise speaks of itself (`channel_of`).
NEED_NONE = frozenset({"operator", "enterprise"})
OUTCOMES = "outcomes"
# Kinds whose files may state outcomes beside.
OUTCOMES_BESIDE = frozenset({"enterprises", "workbook"})
MOST_SHOWN = 5


class GrantState(StrEnum):
    """How a grant stands."""

    LIVE = "live"
    EXPIRED = "expired"
    ENDED = "ended"


class NotGranted(Forbidden):
    """A source sends what no live grant of its own covers."""


class GrantNotFound(NotFound):
    """There is no such grant, or it is another client's."""


class GrantOver(Conflict):
    """The grant has ended already."""


class ImpossibleGrant(Invalid):
    """A grant whose last day is over before it begins."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a source sends or is about to send; None where it does not say yet."""

    kind: str
    channel: str | None = None
    enterprise: str | None = None


@dataclass(frozen=True, slots=True)
class SourceGrant:
    """One grant: each of its kinds by each of its channels; of `enterprises` alone unless that is None.

    A kind covers those that are parts of it, as `invoices` do `invoices.sale`.
    """

    id: str
    kinds: tuple[str, ...]
    channels: tuple[str, ...]
    enterprises: frozenset[str] | None = None

    def covers(self, asked: Asked) -> bool:
        """Tell whether what is asked lies within the grant, as far as it says of what it is."""
        kinds = {asked.kind, asked.kind.partition(".")[0]}
        return (
            not kinds.isdisjoint(self.kinds)
            and (asked.channel is None or asked.channel in self.channels)
            and (asked.enterprise is None or self.enterprises is None or asked.enterprise in self.enterprises)
        )


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of which firms the rows of a file may be, and its outcomes; None: of any. No firm: none."""

    enterprises: frozenset[str] | None = None
    outcomes: frozenset[str] | None = None


NO_BOUNDS = Bounds()


def state_on(ended_at: datetime | None, expires_on: date | None, today: date) -> GrantState:
    """Return how a grant stands on a day of China; its last day counts."""
    if ended_at is not None:
        return GrantState.ENDED
    return GrantState.EXPIRED if expires_on is not None and expires_on < today else GrantState.LIVE


def covering(client: str, asked: Asked, grants: Sequence[SourceGrant]) -> list[SourceGrant]:
    """Return the grants that cover what is asked; raise `NotGranted`, which names both, where none does.

    A file of enterprises, also as a sheet of a workbook, may state outcomes too: grants of those come with it, for
    `bounds`.
    """
    found = [grant for grant in grants if grant.covers(asked)]
    if not found:
        raise NotGranted(
            _refusal(client, asked, grants), asked=_asked(asked), granted=[_granted(one) for one in grants]
        )
    more = Asked(OUTCOMES, asked.channel) if asked.kind in OUTCOMES_BESIDE else asked
    return found + [grant for grant in grants if grant.covers(more) and grant not in found]


def bounds(asked: Asked, grants: Sequence[SourceGrant]) -> Bounds:
    """Return of which firms the rows of a file may be that came under these grants."""
    outcomes = Asked(OUTCOMES, asked.channel)
    return Bounds(
        _firms(grant for grant in grants if grant.covers(asked)),
        _firms(grant for grant in grants if grant.covers(outcomes)) if asked.kind in OUTCOMES_BESIDE else None,
    )


def _firms(grants: Iterable[SourceGrant]) -> frozenset[str] | None:
    found: set[str] = set()
    for grant in grants:
        if grant.enterprises is None:
            return None
        found |= grant.enterprises
    return frozenset(found)


def _refusal(client: str, asked: Asked, grants: Sequence[SourceGrant]) -> str:
    wanted = " ".join(filter(None, [asked.kind, asked.channel and f"by {asked.channel}", _of(asked.enterprise)]))
    has = "; ".join(map(_told, grants)) or "nothing"
    held = "；".join(map(_told_in_chinese, grants)) or "无"
    by = f"（渠道 {asked.channel}）" if asked.channel else ""
    about = f"，企业 {asked.enterprise}" if asked.enterprise else ""
    return (
        f"No grant of {client} covers {wanted}; granted: {has}. The operator grants more: POST /v1/source-grants. "
        f"/ 未获授权报送 {asked.kind}{by}{about}；现有授权：{held}。可请运营方增加授权。"
    )


def _of(enterprise: str | None) -> str | None:
    return enterprise and f"of {enterprise}"


def _told(grant: SourceGrant) -> str:
    firms = "" if grant.enterprises is None else f" of {_few(grant.enterprises)}"
    return f"{', '.join(grant.kinds)} by {', '.join(grant.channels)}{firms}"


def _told_in_chinese(grant: SourceGrant) -> str:
    firms = "" if grant.enterprises is None else f"，企业 {_few(grant.enterprises)}"
    return f"{'、'.join(grant.kinds)}（渠道 {'、'.join(grant.channels)}{firms}）"


def _few(names: Collection[str]) -> str:
    shown = ", ".join(sorted(names)[:MOST_SHOWN])
    return shown if len(names) <= MOST_SHOWN else f"{shown}, … ({len(names)})"


def _asked(asked: Asked) -> dict[str, Any]:
    return {"kind": asked.kind, "channel": asked.channel, "enterprise": asked.enterprise}


def _granted(grant: SourceGrant) -> dict[str, Any]:
    firms = None if grant.enterprises is None else sorted(grant.enterprises)
    return {"id": grant.id, "kinds": list(grant.kinds), "channels": list(grant.channels), "enterprises": firms}
