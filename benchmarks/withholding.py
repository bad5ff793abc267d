"""What a firm gains by leaving something out: how many would win a point, with our model and with a plain XGBoost.

Every firm of a book hides the same thing: each single feature, three features one after the other, a side, all but the
last months, its largest customer, its best months, any part of its blue invoices or partners; sixty firms try in turn
whatever helps most. Both models are trained on the labelled firms with everything shown: ours on the figures of
evidence, with what is missing worse than any known value; the peer with XGBoost's defaults on all other figures that
have a direction, a missing value going where its trees learned to send it. The real book (where it is at hand) and a
thousand synthetic firms.

Red letters are hidden once in the books as they are, and in several ways where the state of every invoice is told as
the tax office's export tells it (`benchmarks.states`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import xgboost

from benchmarks import features, peers
from benchmarks.states import with_states
from sandbox.economy import Plan, simulate
from sandbox.records import records
from services.profile.portrait.api.shown import catalogue
from services.profile.portrait.domain.features import CATALOGUE, compute
from services.scoring.domain.scale import points_of
from services.scoring.ml.learner import learn

c = pl.col
BLUE = (c("status") == "valid") & (c("total_fen") > 0)
OTHERS = [feature.name for feature in CATALOGUE if feature.direction and not feature.model]
OFFERED = [feature.name for feature in CATALOGUE if feature.model]
GREEDY_FIRMS, GREEDY_STEPS = 60, 3
RED_LETTER = (c("status") == "valid") & (c("total_fen") < 0)
RED = "the red letters"
SUFFIXES = (3, 5, 7, 12, 18, 24, 30)

Points = Callable[[pl.DataFrame], np.ndarray]


@dataclass(frozen=True, slots=True)
class Book:
    """A book of invoices, the day that it is read on, and two ways to score a table of features."""

    title: str
    invoices: pl.DataFrame
    as_of: date
    ours: Points
    peer: Points

    def described(self, invoices: pl.DataFrame) -> pl.DataFrame:
        """Return the features of all firms that have a usable invoice left, by name."""
        found = compute(invoices, as_of=self.as_of)
        return found.filter(c("history_months").is_not_null())


def run() -> dict[str, Any]:
    """Count the firms that gain a point by each way of hiding; the aim is none."""
    books = [synthetic_book()]
    if features.REAL.is_dir():
        books.insert(0, real_book())
    rows, largest = [], {}
    for book in books:
        for what, ours, peer in _gains(book):
            rows.append(_row(f"{book.title}: {what}", ours, peer, 1))
            largest[f"{book.title}: {what}"] = {"ours": float(ours.max(initial=0)), "peer": float(peer.max(initial=0))}
            if what == RED:
                rows.append(_row(f"{book.title}: {what}, twenty points", ours, peer, 20))
    return {"name": "withholding", "title": "Firms that gain a point by hiding", "rows": rows, "largest_gain": largest}


def _row(what: str, ours: np.ndarray, peer: np.ndarray, least: float) -> dict[str, Any]:
    ours_win, theirs = int((ours >= least).sum()), int((peer >= least).sum())
    return {
        "what": what,
        "ours": ours_win,
        "peer": theirs,
        "unit": "firms",
        "ratio": round(ours_win / max(1, theirs), 3),
    }


def real_book() -> Book:
    """Return the real invoices, and models of the firms whose outcome is known."""
    table = peers.book()
    return _book("the real book", features.real_book(), features.BOOK_DATE, table.frame, table.defaulted)


def synthetic_book(firms: int = 1_000, seed: int = 7) -> Book:
    """Return a synthetic book, and models of its firms."""
    return _book(f"{firms:,} synthetic firms", *synthetic(firms, seed))


def synthetic(firms: int = 1_000, seed: int = 7) -> tuple[pl.DataFrame, date, pl.DataFrame, np.ndarray]:
    """Return invoices of an economy, the day of its book, its firms' features and who defaulted."""
    made = records(simulate(Plan(firms, 36, seed, date(2022, 1, 1), 0.12)))
    fen = [(c(name) * 100).cast(pl.Int64).alias(f"{name}_fen") for name in ("net", "tax", "total")]
    invoices = pl.concat(
        made[f"invoices.{side}"].select(
            "enterprise", "counterparty", "date", "status", *fen, direction=pl.lit(side, pl.String)
        )
        for side in ("sale", "purchase")
    )
    as_of = date(2024, 12, 31)
    known = compute(invoices, as_of=as_of).join(made["outcomes"], on="enterprise").sort("enterprise")
    return invoices, as_of, known, known["defaulted"].to_numpy()


def _book(title: str, invoices: pl.DataFrame, as_of: date, known: pl.DataFrame, defaulted: np.ndarray) -> Book:
    learned = learn(known.drop("defaulted"), defaulted, [each for each in catalogue()["features"] if each["model"]])

    def ours(frame: pl.DataFrame) -> np.ndarray:
        return points_of(learned.calibration.log_odds(learned.forest.margins(learned.encoding.rows(frame))))

    settings = {"objective": "binary:logistic", "nthread": 1, "max_depth": 2, "eta": 0.2}
    booster = xgboost.train(settings, xgboost.DMatrix(_plain(known), label=defaulted), 20)

    def peer(frame: pl.DataFrame) -> np.ndarray:
        return points_of(booster.predict(xgboost.DMatrix(_plain(frame)), output_margin=True).astype(np.float64))

    return Book(title, invoices, as_of, ours, peer)


def _plain(frame: pl.DataFrame) -> np.ndarray:
    return frame.select(c(OTHERS).cast(pl.Float64)).to_numpy()


def _gains(book: Book) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    shown = book.described(book.invoices)
    yield "any single feature", _features(book.ours, shown, OFFERED, 1), _features(book.peer, shown, OTHERS, 1)
    yield "three features, greedily", _features(book.ours, shown, OFFERED, 3), _features(book.peer, shown, OTHERS, 3)
    for what, hidden in _ways(book):
        rest = book.described(hidden)
        yield what, _gain(book.ours, shown, rest), _gain(book.peer, shown, rest)
    yield from _told(book)
    yield f"{GREEDY_FIRMS} firms, greedily", _greedy(book, book.ours), _greedy(book, book.peer)


def _told(book: Book) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield what is gained by hiding red letters where the states are told, and by hiding the states."""
    told = with_states(book.invoices)
    shown = book.described(told)
    for what, hidden in _red_letters(told):
        rest = book.described(hidden)
        yield f"states told: {what}", _gain(book.ours, shown, rest), _gain(book.peer, shown, rest)


def _red_letters(told: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    random = np.random.default_rng(1)
    red = c("told").fill_null(value=False)
    yield "all red letters", told.filter(~red)
    largest = c("total_fen") == c("total_fen").filter(red).min().over("enterprise")
    yield "each firm's largest red letter", told.filter(~(red & largest).fill_null(value=False))
    for share in (0.1, 0.3, 0.6, 0.9):
        hide = pl.Series(random.random(told.height) < share)
        yield f"{share:.0%} of the red letters", told.filter(~(red & hide))
    of_partner = (c("total_fen") * red).sum().over("enterprise", "direction", "counterparty")
    for rank in range(1, 6):
        ranked = of_partner.rank("dense").over("enterprise") == rank
        yield f"red letters of one partner, the {rank}. by their sum", told.filter(~(red & ranked))
    yield "red letters of what the book does not hold", told.filter(c("told").fill_null(value=True))
    yield "the states, not the red letters", told.with_columns(reversal=pl.lit(None, pl.String))


def _gain(points: Points, shown: pl.DataFrame, rest: pl.DataFrame) -> np.ndarray:
    """Return the points that each firm with something left gains."""
    before = shown.join(rest.select("enterprise"), on="enterprise", how="semi").sort("enterprise")
    return points(rest.sort("enterprise")) - points(before)


def _features(points: Points, shown: pl.DataFrame, names: list[str], steps: int) -> np.ndarray:
    """Return the gain of hiding so many features, for each firm always the one that helps it most."""
    now, best = shown, points(shown)
    for _ in range(steps):
        tried = np.stack([points(now.with_columns(pl.lit(None, pl.Float64).alias(name))) for name in names])
        chosen = tried.argmax(axis=0)
        better = tried.max(axis=0) > best
        hide = {name: pl.Series(better & (chosen == place)) for place, name in enumerate(names)}
        now = now.with_columns(pl.when(~hide[name]).then(c(name)).alias(name) for name in names)
        best = np.maximum(best, tried.max(axis=0))
    return best - points(shown)


def _ways(book: Book) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield what is hidden and the invoices that are left; red letters stay, except where they are the point."""
    invoices, random = book.invoices, np.random.default_rng(0)
    for side in ("sale", "purchase"):
        yield f"all {side}s", invoices.filter(c("direction") != side)
    for months in SUFFIXES:
        start = pl.select(pl.lit(book.as_of).dt.offset_by(f"-{months}mo")).item()
        yield f"all but the last {months} months", invoices.filter((c("date") > start) | ~BLUE)
        yield f"the last {months} months", invoices.filter((c("date") <= start) | ~BLUE)
    sold = pl.when(BLUE & (c("direction") == "sale")).then(c("total_fen")).otherwise(0)
    for what, key in (("customer", c("counterparty")), ("month", c("date").dt.truncate("1mo"))):
        with_key = invoices.with_columns(key=key, amount=sold.sum().over("enterprise", key))
        largest = c("amount") == c("amount").max().over("enterprise")
        yield (
            f"the largest {what} of sales",
            with_key.filter(~(largest & BLUE & (c("direction") == "sale"))).select(invoices.columns),
        )
    for share in (0.1, 0.3, 0.6, 0.9):
        hide = pl.Series(random.random(invoices.height) < share)
        yield f"{share:.0%} of the blue invoices", invoices.filter(~(BLUE & hide))
    for part in (2, 3, 5):
        partner = c("counterparty").fill_null("").hash(part) % part == 0
        yield f"one partner in {part}", invoices.filter(~(BLUE & partner))
    yield RED, invoices.filter(~RED_LETTER)
    yield "the void ones", invoices.filter(c("status") == "valid")


def _greedy(book: Book, points: Points) -> np.ndarray:
    """Return what sixty firms gain that hide, step by step, the customer, month or side whose absence helps most."""
    sizes = book.invoices.group_by("enterprise").len().sort("len", "enterprise")
    names = sizes["enterprise"].gather_every(max(1, sizes.height // GREEDY_FIRMS)).to_list()[:GREEDY_FIRMS]
    return np.array([_greedy_firm(book, points, book.invoices.filter(c("enterprise") == name)) for name in names])


def _greedy_firm(book: Book, points: Points, rows: pl.DataFrame) -> float:
    start = points(book.described(rows))[0] if book.described(rows).height else 0.0
    best, left = start, rows
    for _ in range(GREEDY_STEPS):
        choices = _choices(left)
        tried = pl.concat([left.filter(~(BLUE & each)).with_columns(enterprise=pl.lit(f"{place:04}"))
                           for place, each in enumerate(choices)])  # fmt: skip
        described = book.described(tried)
        if not described.height:
            break
        scores = points(described)
        if scores.max() <= best:
            break
        best = scores.max()
        left = left.filter(~(BLUE & choices[int(described["enterprise"][int(scores.argmax())])]))
    return best - start


def _choices(rows: pl.DataFrame) -> list[pl.Expr]:
    largest = rows.filter(BLUE).group_by("counterparty").agg(c("total_fen").sum()).top_k(8, by="total_fen")
    months = rows.filter(BLUE)["date"].dt.truncate("1mo").unique().sort().tail(36)
    return [
        *((c("counterparty") == partner).fill_null(value=False) for partner in largest["counterparty"].drop_nulls()),
        *(c("date").dt.truncate("1mo") == month for month in months),
        *(c("direction") == side for side in ("sale", "purchase")),
    ]
