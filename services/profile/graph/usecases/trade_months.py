"""All trade of the book by month, from seller to buyer: what rings, features and shocks are worked out on.

For a declared reason only (`Whole(Why…)`), since nothing of it may show anybody anything of a single file.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from services.profile.book.context import Context
from services.profile.book.delta import Bucket
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole
from services.profile.graph.domain.sums import months, united
from services.profile.graph.usecases.keep_ties import kept, refresh
from services.profile.graph.usecases.sum_trade import INVOICES, bucket_sums, cut_at, firm_sums


def trade_months(context: Context, moment: Moment, scope: Whole, *, own_words: bool = False) -> pl.DataFrame:
    """Return the trade of all firms (or of those of the scope) by seller, buyer and month, dated up to `as_of`.

    Columns are `sums.MONTHS`: `seller` and `buyer` are enterprise ids (`uscc:…`, `local:…`; a party with a name alone
    is `local:` and the name), `month` its first day, `net_fen` without tax after red letters, `invoices` blue ones,
    `first` and `last` day of it, and `sides`: 1 the seller's file tells it, 2 the buyer's, 3 both (then the figures are
    the seller's). Without `own_words` what a firm alone says of itself (channel `subject`) is no trade. Sorted by
    seller, buyer, month. What is known now comes from the store, which is brought forward first; a past `known_at`
    from the lake.
    """
    parts = [months(part, moment.as_of, own_words=own_words) for part in _parts(context, moment, scope)]
    return united(pl.concat(parts))


def _parts(context: Context, moment: Moment, scope: Whole) -> Iterator[pl.DataFrame]:
    """Give the daily sums of the scope, a bucket at a time where it is all."""
    graph = refresh(context)
    assert graph is not None, "without a bound it is always brought forward"
    held, firms = kept(context), scope.enterprises
    if moment.known_at is None or moment.known_at == graph.mark.known_at:
        if firms is not None:
            yield held.read(graph, firms)
        else:
            yield from (held.bucket(graph, number) for number in range(graph.buckets))
        return
    cut = cut_at(context, moment.known_at).only(INVOICES)
    if firms is not None:
        yield firm_sums(context, cut, firms)
    else:
        count = context.lake.buckets(cut.versions[INVOICES])
        yield from (bucket_sums(context, cut, Bucket(number, count)) for number in range(count))
