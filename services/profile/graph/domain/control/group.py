"""A control group (企业集团): the parties at the top of a firm, and every firm that they control, each with its path.

Parties that are declared to control a firm together, or that control each other, act as one (一致行动人,
上市公司收购管理办法 Art. 83); other parties at the top each have their own.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.profile.graph.domain.control.chain import chains
from services.profile.graph.domain.control.majority import Held, Votes, controlled
from services.profile.graph.domain.control.ties import Tie, Ties
from services.profile.graph.domain.control.ultimate import Top


@dataclass(frozen=True, slots=True)
class Member:
    """A firm of a group: why it belongs to it, by the word of others too or not (`confirmed`), and its path."""

    enterprise: str
    held: Held
    confirmed: bool
    path: tuple[Tie, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The heads of a group, and its members by name; without a head above, a firm heads its own."""

    heads: tuple[str, ...]
    members: tuple[Member, ...]


def group(ties: Ties, firm: str, at_the_top: Top) -> Group:
    """Return the group of a firm, itself among the members unless it is the head."""
    heads = at_the_top.heads or (firm,)
    votes, others = Votes(ties), Votes(ties.without_own_words())
    found: dict[str, Member] = {}
    for acting in _acting(at_the_top, heads):
        held, sure = controlled(votes, acting), controlled(others, acting)
        paths = chains((*ties.declared, *ties.stakes), acting, {*held, *acting})
        for name, why in held.items():
            found.setdefault(name, Member(name, why, name in sure, paths.get(name, ())))
    members = (found[name] for name in sorted(found) if name not in heads)
    return Group(heads, tuple(members))


def _acting(at_the_top: Top, heads: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the heads as they act: those that are joint or in a ring as one, the others alone."""
    ultimate = [one for one in at_the_top.controllers if one.ultimate]
    together = tuple(one.party for one in ultimate if one.joint or one.circular)
    alone = [(head,) for head in heads if head not in together]
    return [*([together] if together else []), *alone]
