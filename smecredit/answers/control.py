"""What the suite answers about who owns and controls an enterprise, and its group."""

from __future__ import annotations

from typing import Literal, TypedDict

from smecredit.answers.basics import Text
from smecredit.answers.corrections import Mark


class TieParty(TypedDict):
    """An enterprise by its id, or a party that is held as a keyed hash: equal or not, and never read."""

    id: str
    kind: Literal["enterprise", "opaque"]
    file_read: bool


class TieHop(TypedDict):
    """One tie of a path, from the holder down; by the held firm's own word only, or not."""

    relation: Literal["shareholder", "controller", "unspecified"]
    holder: str
    held: str
    share: float | None
    since: str | None
    own_word: bool
    by_name: bool


class Owner(TypedDict):
    """How much of an enterprise a party owns through all chains, and what of it directly."""

    party: TieParty
    share: float
    confirmed: float
    direct: float | None
    path: list[TieHop]


class Controller(TypedDict):
    """A party that controls an enterprise, and by what."""

    party: TieParty
    pooled: float
    by_shares: bool
    declared: bool
    ultimate: bool
    circular: bool
    confirmed: bool
    joint: bool
    path: list[TieHop]


class Accounted(TypedDict):
    """Whose an enterprise is in the end."""

    opaque: float
    enterprises: float
    rest: float


class OddTie(TypedDict):
    """What is odd about the ties of a firm."""

    oddity: Literal["crowded", "more-than-whole", "own-shares", "share-not-told", "owner-unspecified"]
    held: str
    holder: str | None
    value: float | None
    reason: str | None
    own_word: bool | None


class ControlLeftOut(TypedDict):
    """What the lists leave out, and whether there were more files than are opened for one question."""

    entries: int
    parties_not_asked: int
    files: bool


class ControlAnswer(TypedDict):
    """What both answers have."""

    disputes: list[Mark]
    enterprise: str
    as_of: str
    known_at: str
    disputed: list[str]
    odd: list[OddTie]
    not_looked_at: Text
    left_out: ControlLeftOut


class Controllers(ControlAnswer):
    """Who owns an enterprise, who controls it, and whose it is in the end."""

    owners: list[Owner]
    controllers: list[Controller]
    accounted: Accounted


class GroupMember(TypedDict):
    """A firm of a group, why it belongs to it, and the path from a head."""

    enterprise: str
    pooled: float
    declared: bool
    confirmed: bool
    path: list[TieHop]


class CloseLink(TypedDict):
    """Another party of which one owns a fifth, that owns a fifth, or of both of which a third does."""

    party: TieParty
    case: Literal["owned-by", "owns", "third-party"]
    share: float
    third: TieParty | None
    other_share: float | None
    confirmed: bool


class ControlGroup(ControlAnswer):
    """The control group of an enterprise, and its close links."""

    heads: list[TieParty]
    members: list[GroupMember]
    close_links: list[CloseLink]
