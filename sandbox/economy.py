"""One synthetic economy, from its plan to its books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from sandbox.circles import Hops, plant_circles
from sandbox.distress import WARM_UP, WINDOW, Course, run_course
from sandbox.firms import Firms, draw_firms
from sandbox.invoices import Invoices, draw_climate, draw_invoices
from sandbox.links import draw_links
from sandbox.network import Network, Span, draw_network
from sandbox.seasons import Calendar, calendar, season


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate: the same plan always gives the same economy.

    The book runs `months` whole months from the month of `start`; `default_rate` is the share of firms whose loan,
    taken at the end of the book, is in default within the year after it. `large`: as many very large firms as in a
    whole nation, else firms as a bank's small customers are.
    """

    firms: int = 300
    months: int = 36
    seed: int = 7
    start: date = date(2022, 1, 1)
    default_rate: float = 0.12
    large: bool = False

    def __post_init__(self) -> None:
        """Refuse plans that no economy can follow."""
        if self.firms < 2:
            raise ValueError(f"an economy needs at least 2 firms, not {self.firms}")
        if not 6 <= self.months <= 120:
            raise ValueError(f"the book must cover 6 to 120 months, not {self.months}")
        if not 0 < self.default_rate < 1:
            raise ValueError(f"the default rate must lie between 0 and 1, not {self.default_rate}")


@dataclass(frozen=True, slots=True)
class Economy:
    """A simulated economy: its firms, links, fate and invoices, and which of these go in circles."""

    plan: Plan
    firms: Firms
    network: Network
    course: Course
    calendar: Calendar
    invoices: Invoices
    circles: Hops


def simulate(plan: Plan) -> Economy:
    """Run the economy of a plan. Each stage has a random stream of its own, so one can change without the rest."""
    streams = [np.random.default_rng([plan.seed, stage]) for stage in range(8)]
    firms = draw_firms(streams[0], plan.firms, plan.months, large=plan.large)
    network = draw_network(streams[1], streams[7], firms, Span(WARM_UP, plan.months, WINDOW))
    course = run_course(streams[2], firms, network, plan.months, plan.default_rate)
    links = draw_links(streams[3], firms, network, plan.months)
    days = calendar(plan.start, plan.months)
    climate = draw_climate(streams[4], firms, course, season(plan.start, plan.months), days)
    invoices, circles = plant_circles(streams[6], firms, days, draw_invoices(streams[5], firms, links, climate, days))
    return Economy(plan, firms, network, course, days, invoices, circles)
