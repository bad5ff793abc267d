"""Which hops can be on a ring with one of some firms: what is asked of a few firms need not search the whole book."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import polars as pl

from services.profile.graph.domain.rings.hops import Hops, Ints, arrays, once
from services.profile.graph.domain.rings.paths import Search, Tally, TooMany
from services.profile.graph.domain.rings.terms import TOGETHER, Terms

c = pl.col


def near(invoices: pl.DataFrame, firms: Collection[str], terms: Terms, together: int = TOGETHER) -> pl.DataFrame:
    """Return the invoices (EDGES) that can be on a ring with one of these firms, and perhaps some more.

    From a firm's sale a ring is half its hops onward, and half of them back from its purchase, each amount and day
    near the others. Where those are more than `together`, all invoices are returned.
    """
    hops, _ = once(arrays(invoices))
    ours, theirs = (invoices[side].is_in(sorted(firms)).to_numpy()[hops.place] for side in ("seller", "buyer"))
    loose, half = replace(terms, ordered=False), (terms.longest + 1) // 2
    turned = Hops(hops.buyer, hops.seller, hops.day, hops.amount, hops.place)
    try:
        onward = _walked(Search(hops, loose, Tally(together)), np.flatnonzero(ours), half)
        back = _walked(Search(turned, loose, Tally(together)), np.flatnonzero(theirs), half)
    except TooMany:
        return invoices
    kept = invoices[hops.place[np.union1d(onward, back)]]
    return invoices.join(kept, on=["seller", "buyer", "date", "amount"], how="semi")


def _walked(search: Search, first: Ints, longest: int) -> Ints:
    """Return all hops on paths of at most so many hops that begin with these."""
    paths = search.begun(first)
    seen = [paths[-1]]
    for _ in range(longest - 1):
        paths = search.longer(paths, opening=False)
        seen.append(paths[-1])
    return np.unique(np.concatenate(seen)).astype(np.int64)
