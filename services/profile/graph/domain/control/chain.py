"""The path that ties a member to its head: the shortest chain of ties, the strongest where several are as short."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from services.profile.graph.domain.control.ties import WHOLE, Tie, incoming, outgoing


def chains(ties: Iterable[Tie], heads: Iterable[str], among: Collection[str]) -> Mapping[str, tuple[Tie, ...]]:
    """Return for each firm of `among` the chain from one of the heads through others of them; none where no way leads.

    A declaration counts as the whole; of chains of one length the one with the larger product of shares is given, then
    the one that is first by name.
    """
    return _walked(outgoing(tie for tie in ties if tie.held in among), heads, up=False)


def chains_to(ties: Iterable[Tie], firm: str) -> Mapping[str, tuple[Tie, ...]]:
    """Return for each party from which a way leads down to a firm the chain to it, chosen as in `chains`."""
    return _walked(incoming(ties), [firm], up=True)


def _walked(steps: Mapping[str, list[Tie]], starts: Iterable[str], *, up: bool) -> Mapping[str, tuple[Tie, ...]]:
    """Walk in layers from the starts, up to holders or down to what is held."""
    found: dict[str, tuple[Tie, ...]] = dict.fromkeys(sorted(starts), ())
    worth: dict[str, float] = dict.fromkeys(found, 1.0)
    layer = list(found)
    while layer:
        nearer: dict[str, tuple[float, str, Tie]] = {}
        for place in layer:
            for tie in steps.get(place, ()):
                end, way = tie.holder if up else tie.held, (-worth[place] * _weight(tie), place, tie)
                if end not in found and (end not in nearer or way[:2] < nearer[end][:2]):
                    nearer[end] = way
        found |= {end: (tie, *found[place]) if up else (*found[place], tie) for end, (_, place, tie) in nearer.items()}
        worth |= {end: -value for end, (value, _, _) in nearer.items()}
        layer = sorted(nearer)
    return found


def _weight(tie: Tie) -> float:
    return 1.0 if tie.parts is None or tie.relation == "controller" else tie.parts / WHOLE
