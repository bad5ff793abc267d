"""Registered capital (注册资本) and how it changed: a rise in some firms within the book, a cut in a few."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import numpy as np

from sandbox.ties.tie import Registry, Tie

RAISED: Final = 0.08  # of all firms, those that were founded with half of their capital
CUT: Final = 0.02  # and those that were founded with twice of it


def draw_capital(rng: np.random.Generator, firms: Registry) -> Iterator[Tie]:
    """Give each firm's registered capital, and the one before it where it changed within the book."""
    for firm, code in enumerate(firms.codes):
        luck, day, now = rng.random(), firms.within(rng, firm), firms.capital_fen[firm]
        before = now // 2 if luck < RAISED else now * 2 if luck < RAISED + CUT else now
        since = firms.founded[firm]
        if before == now or day is None:
            yield Tie(code, "capital", code, amount_fen=now, since=since)
            continue
        yield Tie(code, "capital", code, amount_fen=before, since=since, until=day - timedelta(days=1))
        yield Tie(code, "capital", code, amount_fen=now, since=day)
