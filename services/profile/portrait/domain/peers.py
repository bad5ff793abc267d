"""Peers: where an enterprise's figures stand among firms of its industry and size.

The quantiles of a group are computed once for a book and an as-of date, when one of its firms is first placed; placing
another then costs a few binary searches. A firm is compared with the narrowest group that is large enough, widened
step by step: its industry as stated × size, its section (GB/T 4754) × size, the section, the size, the whole book; the
group says which it is and how many it holds. Real and synthetic firms are never peers of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.profile.portrait.domain.features.feature import Dimension
from services.profile.portrait.domain.indicators import FIGURES
from services.profile.portrait.domain.standing import SCORED, dimension_score
from services.profile.standards import industries
from services.profile.standards.text import Text

Grid = NDArray[np.float64]
Key = tuple[bool, str | None, str | None]  # synthetic, industry or section, size
# Which firms are in a group, by their places; the quantiles of a dimension's figures and of its scores in a group.
Places: TypeAlias = NDArray[np.uint32]
Curves: TypeAlias = tuple[dict[str, Grid], Grid | None]

# Ours, 2026-11: with 30 peers a percentile carries about ±9 points (one standard error at the median).
LEAST_PEERS = 30
STEPS = np.linspace(0.0, 1.0, 101)
NAMES = tuple(figure.name for figure in FIGURES)
# So many firms, and up to twice as many, are scored at once.
TOGETHER = 1 << 15
# What early warning compares with what is usual (`watch/domain/signals/norms.py`), among firms with invoices.
USUAL = ("sales_void_rate_36m", "vat_burden_36m", "margin_36m")
# A kept curve: of which group (its place, its key, how many firms), of which figure or dimension.
KEPT: Mapping[str, pl.DataType] = {
    "place": pl.Int32(),
    "synthetic": pl.Boolean(),
    "industry": pl.String(),
    "size_class": pl.String(),
    "count": pl.Int64(),
    "sort": pl.String(),
    "name": pl.String(),
    "grid": pl.List(pl.Float64),
}
INDEX = ("place", "synthetic", "industry", "size_class")
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
# From the narrowest: which column names the industry, and what a group shares.
STEPS_WIDER = (
    ("industry", ["synthetic", "industry", "size_class"]),
    ("section", ["synthetic", "section", "size_class"]),
    ("section", ["synthetic", "section"]),
    ("", ["synthetic", "size_class"]),
    ("", ["synthetic"]),
)
SIZES = {
    "large": Text("大型", "large"),
    "medium": Text("中型", "medium"),
    "small": Text("小型", "small"),
    "micro": Text("微型", "micro"),
}


@dataclass(frozen=True, slots=True)
class Firm:
    """What decides who an enterprise's peers are; None where it is unknown."""

    industry: str | None = None
    size_class: str | None = None
    synthetic: bool = False

    def cells(self) -> list[Key]:
        """Return groups that the firm belongs to, the narrowest first."""
        section = section_of(self.industry) if self.industry else None
        steps = [(self.industry, self.size_class), (section, self.size_class), (section, None)]
        cells = [
            *(
                (self.synthetic, industry, size)
                for industry, size in steps
                if industry and (size or industry == section)
            ),
            *([(self.synthetic, None, self.size_class)] if self.size_class else []),
            (self.synthetic, None, None),
        ]
        return list(dict.fromkeys(cells))


@dataclass(frozen=True, slots=True)
class Group:
    """A group of peers: how many they are, and 101 quantiles of each feature and each dimension's score."""

    title: Text
    count: int
    features: Mapping[str, Grid]
    dimensions: Mapping[Dimension, Grid]


@dataclass(frozen=True, slots=True)
class Peers:
    """All groups of a book that are large enough, and the whole book in any case.

    A book has dozens of groups and a portrait needs one: each is made (or read) when one of its firms is first placed.
    """

    keys: frozenset[Key]
    make: Callable[[Key], Group]
    _made: dict[Key, Group] = field(default_factory=dict)

    def of(self, firm: Firm) -> Group | None:
        """Return the narrowest group of the firm; None in a book without any firm of its kind."""
        return next((self.group(key) for key in firm.cells() if key in self.keys), None)

    def group(self, key: Key) -> Group:
        """Return one of the groups in `keys`."""
        if key not in self._made:  # two threads that make the same one make the same bytes
            self._made[key] = self.make(key)
        return self._made[key]


@lru_cache(4096)
def section_of(industry: str) -> str:
    """Return the section of a stated industry; one that the standard does not know stands for itself."""
    return industries.find(industry).section or industry


def peers(features: pl.DataFrame, firms: pl.DataFrame) -> Peers:
    """Group a book's figures (features as of `compute`, and indicators) by `firms`.

    `firms`: enterprise, industry, size_class, synthetic.
    """
    columns = {name: features[name].fill_null(np.nan).to_numpy() for name in NAMES if name in features.columns}
    rows = _cells(features["enterprise"], firms)

    def made(key: Key) -> Group:
        curves = [_curves(dimension, columns, rows[key]) for dimension in SCORED]
        return _group((len(rows[key]), curves), key[1], key[2])

    return Peers(frozenset(rows), made)


def grouped(
    enterprises: pl.Series, firms: pl.DataFrame, read: Callable[[Sequence[str]], Mapping[str, Grid]]
) -> pl.DataFrame:
    """Return what `as_rows` does of the `peers` of a book of which never more than the figures of a dimension are held.

    `read` gives those of some figures that there are, in the order of `enterprises`.
    """
    rows = _cells(enterprises, firms)
    curves: dict[Key, list[Curves]] = {key: [] for key in rows}
    for dimension in SCORED:
        columns = read([figure.name for figure in FIGURES if figure.dimension == dimension])
        for key, among in rows.items():
            curves[key].append(_curves(dimension, columns, among))
    return as_rows(Peers(frozenset(rows), lambda key: _group((len(rows[key]), curves[key]), key[1], key[2])))


def _cells(enterprises: pl.Series, firms: pl.DataFrame) -> dict[Key, Places]:
    """Return the groups that are large enough, and the whole book in any case: which of some firms are in each."""
    book = pl.DataFrame({"enterprise": enterprises}).join(firms, on="enterprise", how="left", maintain_order="left")
    book = book.with_columns(pl.col("synthetic").fill_null(value=False))
    stated = book["industry"].unique().drop_nulls()
    sections = pl.Series([section_of(name) for name in stated], dtype=pl.String)
    book = book.with_columns(section=pl.col("industry").replace_strict(stated, sections, default=None))
    traits = book.select("synthetic", "industry", "section", "size_class").with_row_index("row")
    rows: dict[Key, Places] = {}
    for industry, by in STEPS_WIDER:
        for values, cell in traits.drop_nulls(by).partition_by(by, as_dict=True).items():
            trait = dict(zip(by, values, strict=True))
            key = (bool(trait["synthetic"]), trait.get(industry), trait.get("size_class"))
            if cell.height >= LEAST_PEERS or len(by) == 1:
                rows.setdefault(key, cell["row"].to_numpy())
    return rows


def as_rows(peers: Peers) -> pl.DataFrame:
    """Return all groups as rows to be kept (`KEPT`): one for each quantile curve, those of a group together."""
    keys = sorted(peers.keys, key=lambda key: (key[0], key[1] or "", key[2] or ""))
    rows = []
    for place, key in enumerate(keys):
        group = peers.group(key)
        curves = [("feature", name, grid) for name, grid in group.features.items()]
        curves += [("dimension", str(name), grid) for name, grid in group.dimensions.items()]
        # A group of whose firms nothing is known has no curve, and is a group all the same.
        for sort, name, grid in curves or [("none", "", np.zeros(0))]:
            rows.append((place, *key, group.count, sort, name, grid.tolist()))
    return pl.DataFrame(rows, schema=KEPT, orient="row")


def from_rows(index: pl.DataFrame, read: Callable[[int], pl.DataFrame]) -> Peers:
    """Return groups that were kept: `index` has `INDEX` of each, `read` gives the rows of the group at a place."""
    places = {(row[1], row[2], row[3]): row[0] for row in index.select(INDEX).iter_rows()}
    return Peers(frozenset(places), lambda key: _kept(read(places[key]), key))


def _kept(rows: pl.DataFrame, key: Key) -> Group:
    curves: dict[str, dict[str, Grid]] = {"feature": {}, "dimension": {}, "none": {}}
    for sort, name, grid in rows.select("sort", "name", "grid").iter_rows():
        curves[sort][name] = np.array(grid, dtype=np.float64)
    dimensions = {name: curves["dimension"][name] for name in DIMENSIONS if name in curves["dimension"]}
    return Group(_title(key[1], key[2]), rows["count"][0], curves["feature"], dimensions)


def _group(cell: tuple[int, Sequence[Curves]], industry: str | None, size: str | None) -> Group:
    """Return a group: how many its firms are, and the curves of each dimension."""
    count, curves = cell
    found = {name: grid for features, _ in curves for name, grid in features.items()}
    return Group(
        title=_title(industry, size),
        count=count,
        features={name: found[name] for name in NAMES if name in found},
        dimensions={dimension: grid for dimension, (_, grid) in zip(SCORED, curves, strict=True) if grid is not None},
    )


def _curves(dimension: Dimension, columns: Mapping[str, Grid], rows: Places) -> Curves:
    """Return the quantiles of a dimension's figures in a group, and of its scores; None where nobody has any."""
    own = {f.name: columns[f.name] for f in FIGURES if f.dimension == dimension and f.name in columns}
    found = {name: _quantiles(column[rows]) for name, column in own.items()}
    grids = {name: grid for name, grid in found.items() if grid is not None}
    # Each firm's score is its own, so the firms of a large group take turns. (A table of one column is summed in
    # another order; even parts are never that small.)
    turns = np.array_split(rows, max(1, len(rows) // TOGETHER))
    scores = [dimension_score(dimension, {name: column[turn] for name, column in own.items()}, grids) for turn in turns]
    known = [score for score in scores if score is not None]
    return grids, _quantiles(np.concatenate(known)) if known else None


def _quantiles(column: Grid) -> Grid | None:
    """Return the quantiles of a column's known values; None where nobody has any."""
    known = column[~np.isnan(column)]
    return np.quantile(known, STEPS) if known.size else None


def _title(industry: str | None, size: str | None) -> Text:
    named = SIZES.get(size, Text(size, size)) if size else Text("", "")
    if industry is None:
        return Text(f"全部{named.zh}企业", f"all {named.en} firms of the book".replace("  ", " "))
    called = industries.find(industry).title
    zh, en = (called.zh, called.en) if called else (industry, industry)
    return Text(f"{zh}{named.zh}企业", f"{named.en} firms of {en[0].lower()}{en[1:]}".strip())
