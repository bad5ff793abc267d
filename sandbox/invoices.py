"""The invoices that the relations leave behind, month by month, as columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sandbox.distress import Course
from sandbox.firms import Firms
from sandbox.links import Links
from sandbox.reference import INDUSTRIES
from sandbox.seasons import Calendar

CHUNK: Final = 50_000  # relations worked on at a time: bounds the memory of a large economy
OUTSIDE_TAX: Final = np.array([0.13, 0.13, 0.13, 0.09, 0.06, 0.03])


@dataclass(frozen=True, slots=True)
class Invoices:
    """Invoices as columns, in order of issue: parties as in `Links`, `day` a position in the calendar.

    `net` and `tax` are fen; a red-letter invoice has both negative.
    """

    seller: NDArray[np.int64]
    buyer: NDArray[np.int64]
    day: NDArray[np.int64]
    net: NDArray[np.int64]
    tax: NDArray[np.int64]
    void: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return how many invoices there are."""
        return len(self.seller)

    def take(self, order: NDArray[np.int64]) -> Invoices:
        """Return the invoices at these positions."""
        return Invoices(*(getattr(self, field.name)[order] for field in fields(self)))

    def joined(self, other: Invoices) -> Invoices:
        """Return these invoices and then the others."""
        pairs = ((getattr(self, field.name), getattr(other, field.name)) for field in fields(self))
        return Invoices(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True, slots=True)
class Climate:
    """What drives trade: firms' activity and carelessness per month, and the season of each industry."""

    sales: NDArray[np.float64]
    purchases: NDArray[np.float64]
    void: NDArray[np.float64]
    red: NDArray[np.float64]


def draw_climate(
    rng: np.random.Generator, firms: Firms, course: Course, season: NDArray[np.float64], calendar: Calendar
) -> Climate:
    """Draw each firm's activity and share of void and red-letter invoices in each month, shape (firms, months)."""
    months = np.arange(calendar.months)
    noise = _persistent(rng, len(firms), calendar.months)
    strain = np.logaddexp(0, 2 * (course.stress - 0.4)) / 2  # a smooth hinge: mild stress hardly shows
    alive = months >= firms.born[:, None]
    usual = calendar.month_weight() * season[firms.industry] * alive
    level = usual * np.exp(firms.growth[:, None] * months + noise - 0.7 * strain)
    care = firms.care[:, None]
    return Climate(
        sales=level,
        purchases=level * np.exp(0.14 * strain + rng.normal(0, 0.08, level.shape)),
        void=_share(-3.6 - 0.6 * care + 0.6 * strain),
        red=_share(-4.2 - 0.6 * care + 0.7 * strain),
    )


def draw_invoices(
    rng: np.random.Generator, firms: Firms, links: Links, climate: Climate, calendar: Calendar
) -> Invoices:
    """Draw all invoices of the book, in order of issue."""
    parts = [
        part
        for start in range(0, len(links), CHUNK)
        for part in _issue(rng, firms, links, climate, calendar, slice(start, start + CHUNK))
    ]
    merged = Invoices(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Invoices)))
    return merged.take(np.argsort(merged.day, kind="stable"))


def _issue(
    rng: np.random.Generator, firms: Firms, links: Links, climate: Climate, calendar: Calendar, part: slice
) -> Iterator[Invoices]:
    """Issue the blue invoices of some relations, then the red-letter ones that cancel a few of them."""
    seller, buyer = links.seller[part], links.buyer[part]
    month = np.arange(calendar.months)
    held = np.minimum(links.last[part, None], month + 1) - np.maximum(links.first[part, None], month)
    mean = links.rate[part, None] * np.clip(held, 0, 1) * _activity(climate, seller, buyer)
    link, when = np.nonzero(count := rng.poisson(mean))
    repeat = count[link, when]
    link, when = np.repeat(link, repeat), np.repeat(when, repeat)
    usual = links.value[part][link] / links.rate[part][link]
    net = np.rint(100 * usual * np.exp(rng.normal(-0.32, 0.8, len(link)))).astype(np.int64)
    rate = _tax(rng, firms, seller)[link]
    # The firm whose books we hold (the seller, or the buyer of an outsider's invoice) colours the paperwork.
    firm = np.where(seller < len(firms), seller, buyer)[link]
    blue = Invoices(
        seller=seller[link],
        buyer=buyer[link],
        day=calendar.draw(rng, when),
        net=np.maximum(net, 100),
        tax=np.rint(np.maximum(net, 100) * rate).astype(np.int64),
        void=rng.random(len(link)) < climate.void[firm, when],
    )
    yield blue
    yield _red_letters(rng, blue, climate.red[firm, when], len(calendar.days))


def _activity(climate: Climate, seller: NDArray[np.int64], buyer: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each relation's activity by month: the firm's own, or between firms the geometric mean of both."""
    firms = len(climate.sales)
    sells, buys = seller < firms, buyer < firms
    sold = climate.sales[np.where(sells, seller, 0)]
    bought = climate.purchases[np.where(buys, buyer, 0)]
    both = (sells & buys)[:, None]
    return np.asarray(np.where(both, np.sqrt(sold * bought), np.where(sells[:, None], sold, bought)))


def _tax(rng: np.random.Generator, firms: Firms, seller: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the VAT rate of each relation: the seller's industry, or some common rate outside."""
    usual = np.array([industry.tax for industry in INDUSTRIES])[firms.industry]
    outside = rng.choice(OUTSIDE_TAX, len(seller))
    return np.asarray(np.where(seller < len(firms), usual[np.minimum(seller, len(firms) - 1)], outside))


def _red_letters(rng: np.random.Generator, blue: Invoices, share: NDArray[np.float64], days: int) -> Invoices:
    """Draw red-letter invoices that cancel some valid blue ones within the following six weeks."""
    later = blue.day + rng.integers(1, 43, len(blue))
    chosen = np.flatnonzero((rng.random(len(blue)) < share) & ~blue.void & (later < days))
    cancelled = blue.take(chosen)
    return Invoices(cancelled.seller, cancelled.buyer, later[chosen], -cancelled.net, -cancelled.tax, cancelled.void)


def _persistent(rng: np.random.Generator, count: int, months: int) -> NDArray[np.float64]:
    """Draw ups and downs of business that last a while: an AR(1) course per firm."""
    shocks = rng.normal(0, 0.10, (months, count))
    course = np.empty((months, count))
    now = np.zeros(count)
    for month in range(months):
        now = 0.6 * now + shocks[month]
        course[month] = now
    return course.T


def _share(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log odds as a share."""
    return np.asarray(1 / (1 + np.exp(-logit)))
