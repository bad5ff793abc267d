"""What training tries: depths, rounds, forests and scorecards, by the rows and the defaults that there are."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tried: every depth with every number of rounds, judged by log-loss on held-out training rows.

    A round grows `forest` trees, each on `rows_share` of the rows and, at each split, `columns_share` of the columns.
    `false_share` bounds the lucky ones among the features that are kept; None keeps all. `stretched` forests are
    averaged, `tried` of them while the plan is judged: each has a stretch of its own of the catalogue's features, or,
    with `rates`, is told the default rates of words by other folds of the rows. `scorecards` are the
    shares that a scorecard is tried with.
    """

    depths: tuple[int, ...]
    rounds: tuple[int, ...]
    learning_rate: float
    forest: int
    rows_share: float
    columns_share: float
    penalty: float
    false_share: float | None
    folds: int
    repeats: int
    stretched: int = 1
    tried: int = 1
    scorecards: tuple[float, ...] = (0.0,)
    rates: bool = False


# The catalogue's features, of a few dozen defaults: no row or column is drawn by lot, so that two seeds mostly agree.
BOOK = Plan(
    depths=(2,),
    rounds=(6,),
    learning_rate=0.3,
    forest=1,
    rows_share=1.0,
    columns_share=1.0,
    penalty=0.5,
    false_share=0.02,
    folds=5,
    repeats=10,
    stretched=24,
    tried=5,
    scorecards=(0.0, 0.5),
)
LARGE_BOOK = Plan(
    depths=(3,),
    rounds=(10, 20, 40),
    learning_rate=0.2,
    forest=1,
    rows_share=1.0,
    columns_share=1.0,
    penalty=1.0,
    false_share=None,
    folds=3,
    repeats=2,
    stretched=10,
    tried=5,
)
# A table of a bank with some dozens of defaults: shallow, many trees a round, and judged three times over, because one
# split says little.
FEW_ROWS = Plan(
    depths=(2, 3),
    rounds=(8, 12, 16, 24),
    learning_rate=0.2,
    forest=10,
    rows_share=0.8,
    columns_share=0.7,
    penalty=0.5,
    false_share=0.02,
    folds=5,
    repeats=3,
)
# Thousands of rows carry deep trees where each split sees one column of eight and sixteen trees are averaged, in four
# forests whose words are told by the rates of other folds each (measured: docs/adr/0009).
MANY_ROWS = Plan(
    depths=(12,),
    rounds=(50,),
    learning_rate=0.1,
    forest=4,
    rows_share=0.9,
    columns_share=0.12,
    penalty=1.0,
    false_share=None,
    folds=3,
    repeats=2,
    stretched=4,
    tried=4,
    rates=True,
)
MANY = 1_000
# A scorecard has some ten weights: of fewer defaults it says little, and whether it helps is found by luck (measured on
# 18 defaults: docs/adr/0026).
_DEFAULTS_OF_A_SCORECARD = 25


def plan_for(rows: int, defaults: int, *, of_the_book: bool) -> Plan:
    """Return the plan for so many rows and defaults, on the catalogue's features or on a bank's own table."""
    few, many = (BOOK, LARGE_BOOK) if of_the_book else (FEW_ROWS, MANY_ROWS)
    plan = few if rows < MANY else many
    return plan if defaults >= _DEFAULTS_OF_A_SCORECARD else replace(plan, scorecards=(0.0,))
