"""How much of its production a firm loses where one of its partners stops: economic systemic risk as it reaches it.

The rule is that of the index (`esri.produce`): downstream and upstream each by itself, the larger counts.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from services.profile.graph.domain.contagion.esri import produce
from services.profile.graph.domain.contagion.network import Network
from services.profile.graph.domain.contagion.supply import Floats

# So many partners, the largest, are stopped one at a time.
MOST_PARTNERS = 50
c = pl.col


def exposed(network: Network, firm: str) -> pl.DataFrame:
    """Return the share of a firm's production that is lost where each partner stops: party (id), value; sorted by id.

    Partners are those that the firm's own file names, the largest `MOST_PARTNERS` by a year's trade.
    """
    said = network.dealt.filter(c("teller") == firm, c("partner") != firm).drop_nulls("partner")
    traded = said.group_by("partner").agg(c("net_fen").sum()).filter(c("net_fen") > 0)
    chosen = traded.sort("net_fen", "partner", descending=[True, False]).head(MOST_PARTNERS)["partner"].sort()
    shock: Floats = np.zeros((len(network.firms), len(chosen)))
    shock[[network.place[name] for name in chosen], np.arange(len(chosen))] = 1.0
    lost = produce(network.supply(), shock).loss[network.place[firm]] if len(chosen) else np.zeros(0)
    return pl.DataFrame({"party": chosen, "value": lost}, schema={"party": pl.String(), "value": pl.Float64()})
