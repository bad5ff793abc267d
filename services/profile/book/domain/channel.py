"""By which lawful way a datum came (征信业管理条例 Art. 21): every import names one, and each record its import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from chassis.core.errors import Forbidden, Invalid


class Channel(StrEnum):
    """Who gave the information: the subject, its trading partners, an association, government, a court."""

    SUBJECT = "subject"
    COUNTERPARTY = "counterparty"
    ASSOCIATION = "association"
    GOVERNMENT = "government"
    COURT = "court"


@dataclass(frozen=True, slots=True)
class Standing:
    """How earlier imports, by id, stand to a new one, and what the new one says of itself.

    It may not revise records of `firm` ones, and confirms those of `weak` ones; `own` ones are the enterprise's own
    word, `gone` ones are taken back; `days` are those on which each was stated. `stated_on` is the day on which the
    new file was made, where its sender says; `again` tells that it was worked off before, byte for byte, and `weakest`
    that the new one is an enterprise's word itself.
    """

    firm: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    days: Mapping[str, date] = field(default_factory=dict)
    stated_on: date | None = None
    again: bool = False
    weakest: bool = False


def standing(
    sender: tuple[str, str], earlier: Mapping[str, tuple[str, str]], gone: frozenset[str] = frozenset()
) -> Standing:
    """Return how earlier imports (client and channel by id) stand to one of this client and channel.

    What an enterprise says of itself is weak: the same words from another channel confirm it, as a new version. What
    others have said is firm against the enterprise: it cannot revise that, nor its own words once they are confirmed.
    """
    own = frozenset(name for name, other in earlier.items() if other[1] == Channel.SUBJECT)
    if sender[1] != Channel.SUBJECT:
        return Standing(weak=own, own=own, gone=gone)
    firm = frozenset(name for name, other in earlier.items() if other != sender)
    return Standing(firm=firm, own=own, gone=gone, weakest=True)


class UnknownChannel(Invalid):
    """The channel is none of the lawful ones."""


class NotYourChannel(Forbidden):
    """An enterprise speaks for itself only, and of what it may state."""


# What an enterprise may state of itself; what authorities and courts say, they say.
OWN_KINDS = frozenset(
    {"invoices", "invoices.purchase", "invoices.sale", "payments", "orders", "deliveries", "relations"}
)
# Where a source does not say otherwise: who usually holds this kind of data.
USUAL: Mapping[str, Channel] = MappingProxyType(
    {
        "payments": Channel.COUNTERPARTY,
        "orders": Channel.COUNTERPARTY,
        "deliveries": Channel.COUNTERPARTY,
        "outcomes": Channel.COUNTERPARTY,
    }
)


def channel_of(written: str | None, role: str, kind: str) -> Channel:
    """Return the channel of an import: the one that is named, else the usual one of the sender's role and the kind.

    An enterprise is always the subject; it may state what is its own to state (`OWN_KINDS`).
    """
    try:
        named = Channel(written) if written else None
    except ValueError:
        raise UnknownChannel(
            f"channel must be one of: {', '.join(Channel)}. / channel 应为以上之一。", channels=list(Channel)
        ) from None
    if role != "enterprise":
        return named or USUAL.get(kind, Channel.GOVERNMENT)
    if named not in (None, Channel.SUBJECT):
        raise NotYourChannel(
            "An enterprise is the subject of its data; leave channel out. / 企业报送的是自身信息，请不要填写 channel。",
            channel=written,
        )
    if kind not in OWN_KINDS:
        raise NotYourChannel(
            f"An enterprise sends {', '.join(sorted(OWN_KINDS))} of its own; the kind {kind} comes from its source. "
            f"/ 企业不能报送 {kind}，该类数据由其来源方报送。",
            kind=kind,
        )
    return Channel.SUBJECT
