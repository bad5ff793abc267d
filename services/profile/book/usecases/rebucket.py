"""Dividing the lakes of a home into another number of buckets, each in one commit; then peers anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.core.errors import Invalid
from services.profile.book.context import Context
from services.profile.book.domain.evidence import HELD
from services.profile.book.rebucketing import rebucket as divide
from services.profile.book.usecases.agree import agree
from services.profile.settings import MOST_BUCKETS


@dataclass(frozen=True, slots=True)
class Rebucketed:
    """What became of a lake: of how many buckets it was and is, and how many rows were written anew."""

    lake: str
    before: int
    buckets: int
    rows: int


def rebucket(context: Context, buckets: int, kinds: Sequence[str] = ()) -> list[Rebucketed]:
    """Divide the lakes of these kinds, or all, into so many buckets, and order new figures of peers.

    Done again after it was killed it goes on with the lakes that are left. Raise `LakeBehind` or `LakeForeign` where
    the lakes do not fit the database.
    """
    if not 1 <= buckets <= MOST_BUCKETS:
        raise Invalid(
            f"A lake has 1 to {MOST_BUCKETS} buckets, not {buckets}. / 数据湖的分区数须为 1 至 {MOST_BUCKETS}。"
        )
    if unknown := sorted(set(kinds) - HELD.keys()):
        raise Invalid(f"There is no lake of {', '.join(unknown)}; there are: {', '.join(HELD)}.")
    agree(context)
    done = [_one(context, kind, buckets) for kind in HELD if not kinds or kind in kinds]
    with context.database.begin() as session:
        context.peers.changed(session)
    return done


def _one(context: Context, kind: str, buckets: int) -> Rebucketed:
    lake = context.lakes[kind]
    return Rebucketed(kind, lake.buckets(), buckets, divide(lake, HELD[kind], buckets))
