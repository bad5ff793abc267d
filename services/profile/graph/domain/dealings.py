"""Dealings: what open files tell of their trade with each partner, worked out of daily sums (`sums.SUMS`).

Nets are worked out for every partner, since they rank and share; all other figures for those alone that are shown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from services.profile.book.domain.party import LOCAL, party_of
from services.profile.graph.domain.resolution import name_alone
from services.profile.graph.domain.sums import BLUE, CHANNELS, OWN_WORD, PAID
from services.profile.standards.days import months_later

EPOCH = date(1970, 1, 1).toordinal()
YEAR_MONTHS = 12
# The bit of a channel that is none of `CHANNELS`.
NO_CHANNEL = len(CHANNELS)


@dataclass(frozen=True, slots=True)
class Daily:
    """Daily sums of some files, in parts: neighbouring rows of one firm, partner and side. A pair may have several.

    Of each part: `firm` (the place of its firm in `firms`), `nodes` (the id that the partner stands for, None where
    there is none), `alone` (whether that is `local:` and a name without a code), `sale`, and `begins`, the place of its
    first row. Of each row: `day` (since 1970), `channel`, `sort`, `net_fen`, `invoices`.
    """

    firms: Sequence[str]
    firm: np.ndarray
    nodes: Sequence[str | None]
    alone: np.ndarray
    sale: np.ndarray
    begins: np.ndarray
    day: np.ndarray
    channel: np.ndarray
    sort: np.ndarray
    net_fen: np.ndarray
    invoices: np.ndarray

    def names(self, as_of: date) -> set[str]:
        """Return the names without a code by which partners are written up to a day."""
        if not self.alone.any():
            return set()
        here = np.flatnonzero((self.alone != 0) & (_of_parts(self, self.day <= _number(as_of)) > 0))
        return {str(self.nodes[at]).removeprefix(LOCAL) for at in here.tolist()}


@dataclass(frozen=True, slots=True)
class Told:
    """What one file tells of its trade on one side with a partner; `row` as it is shown."""

    firm: str
    node: str
    sale: bool
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dealings:
    """The trade of some files by pair, as of a day: firm, partner (a place in `nodes`, -1 for none) and side.

    `pairs` tells to which pair a part of the daily sums belongs, -1 where it is all of later days; `itself` is the
    place of each firm among the `nodes`.
    """

    daily: Daily
    as_of: date
    nodes: Sequence[str]
    firm: np.ndarray
    node: np.ndarray
    sale: np.ndarray
    net: np.ndarray
    net_12m: np.ndarray
    pairs: np.ndarray
    itself: np.ndarray

    def largest(self, near: Collection[str], room: int) -> tuple[list[str], list[str]]:
        """Return the partners that are not near yet: so many as have room, the largest first, and the others.

        The size is that with one file, where it is largest: of 12 months, then of all time, then the order of ids.
        """
        at = np.flatnonzero(self._others())
        width = max(1, len(self.nodes))
        key, of = np.unique(self.firm[at] * width + self.node[at], return_inverse=True)
        recent, ever = (_added(len(key), of, -np.abs(sums[at])) for sums in (self.net_12m, self.net))
        order = np.lexsort((ever, recent, key % width))
        best = order[np.flatnonzero(np.diff(key[order] % width, prepend=-1))]
        best = best[np.lexsort((ever[best], recent[best]))]
        fresh = [self.nodes[node] not in near for node in (key[best] % width).tolist()]
        best = best[np.array(fresh, dtype=bool)]
        names = [self.nodes[node] for node in (key[best] % width).tolist()]
        near_by, far = recent[best], ever[best]
        # Equal ones by their ids: only those up to the last that has room, and its equals, are looked at.
        last = min(room, len(names)) - 1
        until = (
            0
            if last < 0
            else np.count_nonzero((near_by < near_by[last]) | ((near_by == near_by[last]) & (far <= far[last])))
        )
        first = sorted(zip(near_by[:until].tolist(), far[:until].tolist(), names[:until], strict=True))
        kept = [name for _, _, name in first[:room]]
        return kept, [name for _, _, name in first[room:]] + names[until:]

    def told(self, shown: Collection[str]) -> tuple[list[Told], int]:
        """Return what the files tell of trade between firms that are shown, and how many ties lead beyond them."""
        others = self._others()
        firms, nodes = (np.array([name in shown for name in names], dtype=bool) for names in self._names())
        here = np.flatnonzero(others & firms[self.firm] & nodes[self.node])
        rows = self._figures(here)
        told = [
            Told(self.daily.firms[firm], self.nodes[node], sale, row)
            for firm, node, sale, row in zip(
                self.firm[here].tolist(), self.node[here].tolist(), self.sale[here].tolist(), rows, strict=True
            )
        ]
        return told, int(others.sum()) - len(here)

    def speaking(self) -> set[str]:
        """Return the firms that say of themselves what makes a sum of blue invoices with a partner."""
        daily = self.daily
        own = (daily.channel == OWN_WORD) & (daily.sort == BLUE) & (daily.day <= _number(self.as_of))
        if not own.any():
            return set()
        kept = np.flatnonzero(self.pairs >= 0)
        sums = _added(len(self.net), self.pairs[kept], _of_parts(daily, np.where(own, daily.net_fen, 0))[kept])
        return {daily.firms[firm] for firm in set(self.firm[sums != 0].tolist())}

    def _names(self) -> tuple[Sequence[str], Sequence[str]]:
        # One more, so that -1 is a place too.
        return self.daily.firms, [*self.nodes, ""]

    def _others(self) -> np.ndarray:
        """Tell which pairs are with a partner that is named, and not the firm itself."""
        return np.asarray((self.node >= 0) & (self.node != self.itself[self.firm]))

    def _shares(self, sums: np.ndarray) -> np.ndarray:
        """Return what each pair has of its side of its file, NaN where that has nothing."""
        side, gained = self.firm * 2 + self.sale, np.maximum(sums, 0)
        whole = _added(2 * len(self.daily.firms), side, gained)[side].astype(float)
        return np.asarray(np.divide(gained.astype(float), whole, out=np.full(len(whole), np.nan), where=whole > 0))

    def _figures(self, wanted: np.ndarray) -> list[dict[str, Any]]:
        """Return what is shown of these pairs, a row each.

        Net of tax after red letters; `own_word_fen` of the blue invoices the firm itself told; `paid_fen` what others
        than itself tell as paid for goods, `paid_own_word_fen` what only it does.
        """
        if not len(wanted):
            return []
        rows = _Rows.of(self, wanted)
        ever, recent = (self._shares(sums)[wanted] for sums in (self.net, self.net_12m))
        figures: dict[str, Sequence[Any]] = {
            "told_by": [self.daily.firms[firm] for firm in self.firm[wanted].tolist()],
            "net_fen": self.net[wanted].tolist(),
            "net_12m_fen": self.net_12m[wanted].tolist(),
            **rows.figures(_number(months_later(self.as_of, -YEAR_MONTHS))),
            "share": _or_none(ever),
            "share_12m": _or_none(recent),
            "unconfirmed_fen": [0] * len(wanted),
            "channels": rows.channels(),
        }
        return [dict(zip(figures, row, strict=True)) for row in zip(*figures.values(), strict=True)]


def dealings(daily: Daily, named: Mapping[str, str], as_of: date) -> Dealings:
    """Return the trade of files as of a day; `named` are the nodes that names without a code stand for."""
    last, before = _number(as_of), _number(months_later(as_of, -YEAR_MONTHS))
    nodes = list(daily.nodes)
    for at in np.flatnonzero(daily.alone).tolist():
        name = str(nodes[at]).removeprefix(LOCAL)
        nodes[at] = named.get(name, nodes[at])
    names = [name for name in dict.fromkeys(nodes) if name is not None]
    places: dict[str | None, int] = {None: -1}
    places.update(zip(names, range(len(names)), strict=True))
    node = np.fromiter(map(places.__getitem__, nodes), dtype=np.int64, count=len(nodes))
    here = daily.day <= last
    kept = np.flatnonzero(_of_parts(daily, here))
    width = len(names) + 1
    keys = (daily.firm[kept] * 2 + daily.sale[kept]) * width + node[kept] + 1
    key, of = np.unique(keys, return_inverse=True)
    pairs = np.full(len(node), -1, dtype=np.int64)
    pairs[kept] = of
    blue, other = here & (daily.sort == BLUE), here & (daily.sort != BLUE) & (daily.sort != PAID)
    old = daily.day <= before

    def net(gained: np.ndarray, lost: np.ndarray) -> np.ndarray:
        # Red letters take off what is not told as cancelled: one told so counts for nothing, with its red letters or
        # without, so that none is worth hiding.
        sums = (_of_parts(daily, np.where(rows, daily.net_fen, 0))[kept] for rows in (gained, lost))
        gain, loss = (_added(len(key), of, parts) for parts in sums)
        return np.asarray(gain + np.minimum(loss, 0))

    ever = net(blue, other)
    side = key // width
    return Dealings(
        daily, as_of, names, side // 2, key % width - 1, side % 2 == 1, ever, ever - net(blue & old, other & old),
        pairs, np.array([places.get(name, -1) for name in daily.firms], dtype=np.int64),
    )  # fmt: skip


def daily_of(sums: pl.DataFrame) -> Daily:
    """Return daily sums (`SUMS`, in canonical order) in parts."""
    begins = np.flatnonzero(_changes(sums, ("enterprise", "counterparty", "sale")))
    heads = sums[begins].select(
        "enterprise",
        "counterparty",
        "sale",
        node=party_of(pl.col("counterparty")),
        alone=name_alone(pl.col("counterparty")).fill_null(value=False),
    )
    firms = heads["enterprise"].unique(maintain_order=True)
    place = {name: at for at, name in enumerate(firms)}
    return Daily(
        firms.to_list(),
        np.array([place[name] for name in heads["enterprise"]], dtype=np.int64),
        heads["node"].to_list(),
        heads["alone"].to_numpy(),
        heads["sale"].to_numpy(),
        begins,
        *(sums[name].to_physical().to_numpy() for name in ("day", "channel", "sort", "net_fen", "invoices")),
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of some pairs up to a day: `pair` is the place of each row's pair among them, in growing order.

    `first` is the place of each pair's first row.
    """

    pair: np.ndarray
    first: np.ndarray
    day: np.ndarray
    channel: np.ndarray
    sort: np.ndarray
    fen: np.ndarray
    count: np.ndarray

    @classmethod
    def of(cls, dealt: Dealings, wanted: np.ndarray) -> _Rows:
        """Return the rows of pairs, each of which has one."""
        daily = dealt.daily
        place = np.full(len(dealt.net) + 1, -1, dtype=np.int64)
        place[wanted] = np.arange(len(wanted))
        of = place[dealt.pairs]  # the last place is that of no pair
        parts = np.flatnonzero(of >= 0)
        parts = parts[np.argsort(of[parts], kind="stable")]
        ends = np.append(daily.begins[1:], len(daily.day))
        lengths = (ends - daily.begins)[parts]
        offsets = np.cumsum(lengths) - lengths
        at = np.repeat(daily.begins[parts] - offsets, lengths) + np.arange(lengths.sum())
        pair = np.repeat(of[parts], lengths)
        here = daily.day[at] <= _number(dealt.as_of)
        at, pair = at[here], pair[here]
        columns = (daily.day, daily.channel, daily.sort, daily.net_fen, daily.invoices.astype(np.int64))
        return cls(pair, np.searchsorted(pair, np.arange(len(wanted))), *(column[at] for column in columns))

    def figures(self, before: int) -> dict[str, list[Any]]:
        """Return the figures of each pair, in the order in which they are told."""
        blue, paid, own = self.sort == BLUE, self.sort == PAID, self.channel == OWN_WORD
        counted = np.add.reduceat(~paid, self.first, dtype=np.int64) > 0
        return {
            "invoices": self._sum(self.count, blue),
            "invoices_12m": self._sum(self.count, blue & (self.day > before)),
            "first_on": _days(
                np.minimum.reduceat(np.where(paid, np.iinfo(np.int32).max, self.day), self.first), counted
            ),
            "last_on": _days(
                np.maximum.reduceat(np.where(paid, np.iinfo(np.int32).min, self.day), self.first), counted
            ),
            "usual_gap_days": self._gaps(blue),
            "own_word_fen": self._sum(self.fen, blue & own),
            "paid_fen": self._sum(self.fen, paid & ~own),
            "paid_own_word_fen": self._sum(self.fen, paid & own),
            "payments": self._sum(self.count, paid),
        }

    def channels(self) -> list[list[str]]:
        """Return by which channels the invoices of each pair came; one of an import that nobody noted is left out."""
        bits = np.left_shift(1, np.minimum(self.channel, NO_CHANNEL).astype(np.int64))
        masks = np.bitwise_or.reduceat(np.where(self.sort == PAID, 0, bits), self.first).tolist()
        names = {mask: [str(name) for at, name in enumerate(CHANNELS) if mask >> at & 1] for mask in set(masks)}
        return [names[mask] for mask in masks]

    def _sum(self, values: np.ndarray, where: np.ndarray) -> list[int]:
        found: list[int] = np.add.reduceat(np.where(where, values, 0), self.first).tolist()
        return found

    def _gaps(self, blue: np.ndarray) -> list[float | None]:
        """Return the median of the days between two days with blue invoices, None where there are not two."""
        order = np.lexsort((self.day[blue], self.pair[blue]))
        pair, day = self.pair[blue][order], self.day[blue][order]
        same = pair[1:] == pair[:-1]
        step = np.diff(day)
        between = same & (step > 0)
        of, gaps = pair[1:][between], step[between]
        gaps = gaps[np.lexsort((gaps, of))]
        counts = np.bincount(of, minlength=len(self.first))
        start = np.cumsum(counts) - counts
        found: list[float | None] = [None] * len(self.first)
        some = np.flatnonzero(counts)
        low, high = (gaps[(start + half)[some]] for half in ((counts - 1) // 2, counts // 2))
        for at, middle in zip(some.tolist(), ((low + high) / 2).tolist(), strict=True):
            found[at] = middle
        return found


def _of_parts(daily: Daily, values: np.ndarray) -> np.ndarray:
    """Return sums of the rows' values by part."""
    if not len(daily.begins):
        return np.zeros(0, dtype=np.int64)
    return np.asarray(np.add.reduceat(values, daily.begins, dtype=np.int64))


def _added(groups: int, of: np.ndarray, values: np.ndarray) -> np.ndarray:
    found = np.zeros(groups, dtype=np.int64)
    np.add.at(found, of, values)
    return found


def _number(day: date) -> int:
    return day.toordinal() - EPOCH


def _days(numbers: np.ndarray, there: np.ndarray) -> list[date | None]:
    each = zip(numbers.tolist(), there.tolist(), strict=True)
    return [date.fromordinal(number + EPOCH) if here else None for number, here in each]


def _or_none(shares: np.ndarray) -> list[float | None]:
    return [None if none else share for share, none in zip(shares.tolist(), np.isnan(shares).tolist(), strict=True)]


def _changes(rows: pl.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Tell where a row differs from the one before in one of these columns."""
    changes = [rows[name].ne_missing(rows[name].shift(1)).to_numpy() for name in names]
    changed = np.array(np.logical_or.reduce(changes))
    changed[:1] = True
    return changed
