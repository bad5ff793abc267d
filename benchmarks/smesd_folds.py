"""Folds of SMEsD's training firms that are collections of their own, as each later split is one.

Two designs, since nobody knows how the next collection is cut out: firms dealt at random, so that ties across folds are
gone; and whole clusters of firms that hang together dealt, so that no tie is cut at all. A figure that pays in one
design only leans on how its graph was collected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from benchmarks.smesd import Rows, Year
from services.scoring.ml.folds import stratified_folds

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Fold:
    """Firms that teach and firms held out, each with a graph of their own."""

    taught: Year
    held: Year


def folds(year: Year, seed: int) -> list[Fold]:
    """Return the folds of both designs: five of firms at random, then five of whole clusters."""
    return [*at_random(year, seed), *by_cluster(year, seed)]


def at_random(year: Year, seed: int) -> list[Fold]:
    """Return five folds of firms dealt at random, each with its share of those that failed."""
    return [Fold(year.part(known), year.part(held)) for known, held in stratified_folds(year.failed, FOLDS, seed)]


def by_cluster(year: Year, seed: int) -> list[Fold]:
    """Return five folds of whole clusters, alike in how many firms failed and how many did not."""
    at = _dealt(clusters(year), year.failed, seed)
    return [Fold(year.part(np.flatnonzero(at != fold)), year.part(np.flatnonzero(at == fold))) for fold in range(FOLDS)]


def clusters(year: Year) -> Rows:
    """Return for each firm the number of the cluster it is in, by ties of any sort through firms and persons: (n,)."""
    firms, ties = year.frame["firm"].to_numpy(), year.tables.edges
    ends = np.concatenate([firms, ties["source"].to_numpy(), ties["target"].to_numpy()])
    names, place = np.unique(ends, return_inverse=True)
    source, target = np.split(place[len(firms) :], 2)
    links = sparse.csr_array((np.ones(len(source)), (source, target)), shape=(len(names), len(names)))
    label: Rows = csgraph.connected_components(links, directed=False)[1][place[: len(firms)]]
    return label


def gain(ours: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """Return the mean difference over paired folds and its standard error.

    Folds share most of the firms that teach, so the variance is (1/J + 1/4) of that of one fold's difference, for a
    fifth held out (Nadeau and Bengio, Machine Learning 52, 2003).
    """
    apart = np.array(ours) - np.array(other)
    spread = float(apart.std(ddof=1) * np.sqrt(1 / len(apart) + 1 / (FOLDS - 1)))
    return float(apart.mean()), spread


def _dealt(cluster: Rows, failed: Rows, seed: int) -> Rows:
    """Deal clusters, large ones first and equal ones at random, each to the fold that it leaves most even: (n,)."""
    members = [np.flatnonzero(cluster == each) for each in np.unique(cluster)]
    order = np.random.default_rng(seed).permutation(len(members))
    at, load = np.zeros(len(cluster), dtype=np.int64), np.zeros((FOLDS, 2))
    for firms in sorted((members[each] for each in order), key=len, reverse=True):
        bad = failed[firms].sum()
        more = np.array([bad, len(firms) - bad])
        fold = int(np.argmin(((load + more) ** 2 - load**2).sum(axis=1)))
        at[firms] = fold
        load[fold] += more
    return at
