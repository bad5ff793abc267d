"""The path that ties a member to its head: the shortest chain of ties, the strongest where several are as short."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from services.profile.graph.domain.control.ties import WHOLE, Tie, outgoing


def chains(ties: Iterable[Tie], heads: Iterable[str], among: Collection[str]) -> Mapping[str, tuple[Tie, ...]]:
    """Return for each firm of `among` the chain from one of the heads through others of them; none where no way leads.

    A declaration counts as the whole; of chains of one length the one with the larger product of shares is given, then
    the one that is first by name.
    """
    out = outgoing(tie for tie in ties if tie.held in among)
    found: dict[str, tuple[Tie, ...]] = dict.fromkeys(sorted(heads), ())
    worth: dict[str, float] = dict.fromkeys(found, 1.0)
    layer = list(found)
    while layer:
        nearer: dict[str, tuple[float, str, Tie]] = {}
        for holder in layer:
            for tie in out.get(holder, ()):
                way = (-worth[holder] * _weight(tie), holder, tie)
                if tie.held not in found and (tie.held not in nearer or way[:2] < nearer[tie.held][:2]):
                    nearer[tie.held] = way
        found |= {held: (*found[holder], tie) for held, (_, holder, tie) in nearer.items()}
        worth |= {held: -value for held, (value, _, _) in nearer.items()}
        layer = sorted(nearer)
    return found


def _weight(tie: Tie) -> float:
    return 1.0 if tie.parts is None or tie.relation == "controller" else tie.parts / WHOLE
