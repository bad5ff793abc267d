"""Who is tied to an enterprise: trade, shares, persons, guarantees, addresses, phones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from smecredit.answers import Graph, GraphFigures, Purpose
from smecredit.answers.graphs import TieKind
from smecredit.client.calls import Calls, iso, segment


class Graphs(Calls):
    """The graph around an enterprise, from the files that are open to this client."""

    def graph(
        self,
        enterprise: str,
        *,
        depth: int = 1,
        types: Sequence[TieKind] | None = None,
        most: int | None = None,
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-assessment",
    ) -> Graph:
        """Return who is tied to a firm: up to `depth` hops, along `types` of ties (None: all), up to `most` firms.

        From two hops on the files of the firms around it are read where they are open; each read is recorded.
        """
        query = {"types": ",".join(types) if types else None, "most": None if most is None else str(most)}
        path = f"/v1/enterprises/{segment(enterprise)}/graph"
        times = {"as_of": iso(as_of), "known_at": iso(known_at)}
        return self._get(Graph, path, purpose=purpose, depth=str(depth), **query, **times)

    def graph_features(
        self,
        enterprise: str,
        *,
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-assessment",
    ) -> GraphFigures:
        """Return the figures of a firm's ties and trade: backing, offices, partners, dependence; on whom each rests.

        Files of others that are open to this client are followed up to three ties far, and those of its largest
        partners; each read is recorded.
        """
        path = f"/v1/enterprises/{segment(enterprise)}/graph-features"
        return self._get(GraphFigures, path, purpose=purpose, as_of=iso(as_of), known_at=iso(known_at))
