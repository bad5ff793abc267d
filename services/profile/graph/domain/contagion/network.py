"""The network that open files tell: its firms, who owes whom, who supplies whom, and what each can bear.

A firm whose file is not open takes part only as its partners' files show it. It passes on a shock of its own; losses
pass through it in the high estimate alone, since what it can bear nobody here has told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

import numpy as np
import polars as pl

from services.profile.graph.domain.contagion.debts import Told, dealings, debts, summed
from services.profile.graph.domain.contagion.default import Credit, Ties
from services.profile.graph.domain.contagion.needs import division_of, need_of, rules_on, section_of
from services.profile.graph.domain.contagion.parameters import BOUNDS, Parameters, parameters_on
from services.profile.graph.domain.contagion.supply import Floats, Links, Need, Places, Supply, supply_of

c = pl.col
# The channel of what a firm says of itself.
OWN_WORD = "subject"
Industries: TypeAlias = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Stated:
    """An amount in fen, and by which channel it was stated."""

    fen: int
    by: str


@dataclass(frozen=True, slots=True)
class File:
    """What an open file says of the firm itself: industry, region, capital and assets as others state them.

    `own_assets` are those of the newest statement, in fen, which may be the firm's own.
    """

    industry: str | None = None
    region: str | None = None
    capital: Stated | None = None
    assets: Stated | None = None
    own_assets: int | None = None


class Basis(StrEnum):
    """What a firm's equity is taken from."""

    CAPITAL = "capital"
    ASSETS = "assets"
    TRADE = "trade"


SILENT = File()


@dataclass(frozen=True, slots=True)
class Equity:
    """What a firm's owners can lose (fen), what that is taken from, and who stated it.

    Of trade nobody has: it is an estimate from what others than the firm tell.
    """

    fen: float
    rests_on: Basis
    stated_by: str | None


@dataclass(frozen=True)
class Network:
    """Firms by place, in the order of their ids: those of open files and their partners; debts are rows of DEBTS."""

    firms: tuple[str, ...]
    files: Mapping[str, File]
    debts: pl.DataFrame
    parameters: Parameters
    told: Told

    @cached_property
    def place(self) -> Mapping[str, int]:
        """The place of each firm."""
        return {firm: place for place, firm in enumerate(self.firms)}

    @cached_property
    def open(self) -> np.ndarray:
        """Whether each firm's file is open."""
        return np.array([firm in self.files for firm in self.firms], dtype=bool)

    @cached_property
    def dealt(self) -> pl.DataFrame:
        """Dealings of the last year (`dealings`)."""
        return dealings(self.told)

    @cached_property
    def supplied(self) -> pl.DataFrame:
        """Dealings as supply counts them: partners that a firm alone names make none seem smaller that others tell."""
        return self.dealt.filter(~c("own") | c("own").all().over("teller", "sold"))

    def ties(self, bound: str) -> Ties:
        """Return debts and equity of one run: `low`, `value` or `high` losses."""
        run = BOUNDS.index(bound)
        creditor, debtor = self._places("creditor"), self._places("debtor")
        amount = self.debts[bound].to_numpy().astype(np.float64)
        equity = self._equity * self.parameters.equity_bounds[run]
        shut = np.where(self._traded > 0, self._traded * self.parameters.equity_of_sales, np.inf)
        others = shut if bound == BOUNDS[-1] else np.full(len(self.firms), np.inf)
        held = np.where(self.open, equity, others)
        return Ties(Credit(creditor, debtor, amount), held, self.parameters.loss_given_default[run])

    def supply(self) -> Supply:
        """Return the network of supply; what is sold to persons and the like is sold outside."""
        return supply_of(*self.links())

    def sold_to(self, firm: str, customer: str) -> float:
        """Return what a firm says that it sold to a customer within a year, in fen."""
        rows = self.dealt.filter(c("sold"), c("teller") == firm, c("partner") == customer)
        return float(max(rows["total_fen"].sum(), 0))

    def links(self) -> tuple[Links, Places, Floats]:
        """Return the links of supply, each firm's industry, and what it sells outside."""
        pairs = self._links()
        supplier, customer = self._of(pairs["supplier"]), self._of(pairs["customer"])
        industries = [self.files[firm].industry if firm in self.files else None for firm in self.firms]
        counting, sections = rules_on(self.told.as_of), [section_of(each) for each in industries]
        feels = pairs["for_customer"].to_numpy() & self.open[customer]
        need = [
            need_of(sections[s], sections[t], counting) if felt else Need.NONE
            for s, t, felt in zip(supplier.tolist(), customer.tolist(), feels.tolist(), strict=True)
        ]
        felt = pairs["for_supplier"].to_numpy() & self.open[supplier]
        value = pairs["value"].to_numpy().astype(np.float64)
        links = Links(supplier, customer, value, np.array(need, dtype=np.int64), felt)
        within = np.bincount(supplier, value, len(self.firms))
        outside = np.maximum(np.where(self.open, self._sold, within) - within, 0.0)
        return links, _divisions(industries), outside

    def _links(self) -> pl.DataFrame:
        """Return supplier, customer, value (fen a year), and whether each side's loss may rest on who tells it."""
        rows = self.supplied.drop_nulls("partner").with_columns(
            supplier=pl.when("sold").then("teller").otherwise("partner"),
            customer=pl.when("sold").then("partner").otherwise("teller"),
        )
        # What a firm alone says of a deal counts for its own loss only.
        by = rows.group_by("supplier", "customer", "sold").agg(
            value=summed("net_fen"), heard=c("net_fen").filter(~c("own")).sum() > 0
        )
        pairs = (
            by.filter(c("value") > 0)
            .group_by("supplier", "customer")
            .agg(
                value=c("value").max(),
                for_customer=(~c("sold") | c("heard")).any(),
                for_supplier=(c("sold") | c("heard")).any(),
            )
        )
        apart = pairs.filter(c("supplier") != c("customer"))
        return apart.sort("supplier", "customer")

    def equity_of(self, firm: str) -> Equity:
        """Return what an open file's firm can lose: stated capital, else of assets, else of a year's trade.

        The firm's own word on its assets counts where it makes that less, and never where it makes it more (ADR 28).
        Of a moment before anything was known of the firm its file says nothing.
        """
        file, of_assets = self.files.get(firm, SILENT), self.parameters.equity_of_assets
        if file.capital is not None:
            return Equity(file.capital.fen, Basis.CAPITAL, file.capital.by)
        if file.assets is not None:
            heard = Equity(file.assets.fen * of_assets, Basis.ASSETS, file.assets.by)
        else:
            traded = float(self._traded[self.place[firm]]) * self.parameters.equity_of_sales
            heard = Equity(traded, Basis.TRADE, None)
        own = Equity((file.own_assets or 0) * of_assets, Basis.ASSETS, OWN_WORD)
        return own if file.own_assets and own.fen < heard.fen else heard

    @cached_property
    def _equity(self) -> Floats:
        found = np.zeros(len(self.firms))
        for firm in self.files:
            found[self.place[firm]] = self.equity_of(firm).fen
        return found

    @cached_property
    def _sold(self) -> Floats:
        """What open files say that they sold in the year, to anybody."""
        return self._sum(self.supplied.filter("sold"), "teller", "net_fen")

    @cached_property
    def _traded(self) -> Floats:
        """A year's trade as others than the firm itself say it: the larger side; of shut files what partners show."""
        heard = self.dealt.filter(~c("own"))
        own = [self._sum(heard.filter(c("sold") == sold), "teller", "net_fen") for sold in (True, False)]
        shown = [
            self._sum(heard.drop_nulls("partner").filter(c("sold") == sold), "partner", "net_fen")
            for sold in (True, False)
        ]
        return np.maximum(np.where(self.open, np.maximum(*own), np.maximum(*shown)), 0.0)

    def _sum(self, rows: pl.DataFrame, by: str, what: str) -> Floats:
        sums = rows.group_by(by).agg(c(what).sum()).sort(by)
        found = np.zeros(len(self.firms))
        found[self._of(sums[by])] = np.maximum(sums[what].to_numpy(), 0)
        return found

    def _places(self, side: str) -> Places:
        return self._of(self.debts[side])

    def _of(self, names: pl.Series) -> Places:
        return np.array([self.place[name] for name in names], dtype=np.int64)


def network(told: Told, files: Mapping[str, File], also: Collection[str] = ()) -> Network:
    """Return the network of open files; `also` are firms that are asked about, whether or not a file names them."""
    parameters = parameters_on(told.as_of)
    owed = debts(told, parameters)
    partners = dealings(told)["partner"].drop_nulls()
    firms = {*files, *also, *owed["creditor"], *owed["debtor"], *partners}
    return Network(tuple(sorted(firms)), files, owed, parameters, told)


def _divisions(industries: list[str | None]) -> Places:
    """Return places of divisions: whoever's is not known is alone in its own, and nobody takes its place."""
    named = [division_of(each) or f"?{place}" for place, each in enumerate(industries)]
    known = {name: place for place, name in enumerate(sorted(set(named)))}
    return np.array([known[name] for name in named], dtype=np.int64)
