"""What a node's ties say of it: how many of each sort, whom they lead to, how far trouble is, how large a group."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from services.profile.graph.domain.figures.network import Network

Numbers = NDArray[np.float64]


def counts(network: Network, ties: Collection[str], *, towards: bool) -> Numbers:
    """Return how many ties of these sorts come `towards` each node, or start from it: (n,)."""
    only = network.of(ties)
    return np.bincount(only.target if towards else only.source, minlength=network.size).astype(np.float64)


def weighed(network: Network, ties: Collection[str], *, towards: bool) -> Numbers:
    """Return the sum of the weights of ties of these sorts to each node, or from it: (n,)."""
    only = network.of(ties)
    summed = np.bincount(only.target if towards else only.source, weights=only.weight, minlength=network.size)
    return summed.astype(np.float64)


def largest_share(network: Network, ties: Collection[str], *, towards: bool) -> Numbers:
    """Return the part of all weight of these sorts that the largest tie of each node has: (n,), NaN without any."""
    only = network.of(ties)
    most = np.zeros(network.size)
    np.maximum.at(most, only.target if towards else only.source, only.weight)
    whole = weighed(network, ties, towards=towards)
    shares: Numbers = np.divide(most, whole, out=np.full(network.size, np.nan), where=whole > 0)
    return shares


def roles(network: Network, ties: Collection[str]) -> sparse.csr_array:
    """Return how many sorts of tie (of these) join two nodes, either way: a symmetric matrix (n, n)."""
    found = sparse.csr_array((network.size, network.size))
    for tie in ties:
        found = found + network.of([tie]).links()
    return found.tocsr()


def towards(network: Network, ties: Collection[str]) -> sparse.csr_array:
    """Return who has any tie of these sorts towards each node: a matrix (n, n) of ones, targets in rows."""
    only = network.of(ties)
    found = sparse.csr_array(
        (np.ones(len(only.source)), (only.target, only.source)), shape=(network.size, network.size)
    )
    found.sum_duplicates()
    found.data[:] = 1.0
    return found


def shells(links: sparse.csr_array, hops: int) -> Iterator[sparse.csr_array]:
    """Yield for 1 … `hops` which nodes are exactly so many ties away from each node: matrices (n, n) of ones."""
    inner = front = sparse.eye_array(links.shape[0], format="csr")
    for _ in range(hops):
        step = (front @ links).tocsr()
        step.data[:] = 1.0
        front = (step - step.multiply(inner)).tocsr()
        front.eliminate_zeros()
        inner = (inner + front).tocsr()
        yield front


def greatest(shell: sparse.csr_array, values: Numbers) -> Numbers:
    """Return the largest value (≥ 0) among the nodes of each node's shell: (n,), 0 where nobody is."""
    held = shell.multiply(values[None, :]).tocsr()
    return np.asarray(held.max(axis=1).todense(), dtype=np.float64).ravel()


def mean(shell: sparse.csr_array, values: Numbers, among: Numbers) -> Numbers:
    """Return the mean of a value over a shell's nodes that are `among` (1 or 0 a node): (n,), 0 without any."""
    many = shell @ among
    means: Numbers = np.divide(shell @ (values * among), many, out=np.zeros(len(values)), where=many > 0)
    return means


def group_sizes(network: Network, ties: Collection[str], members: Numbers) -> Numbers:
    """Return how many members (1 or 0 a node) hang together with each node through ties of these sorts: (n,)."""
    count, label = csgraph.connected_components(network.of(ties).links(), directed=False)
    sizes: Numbers = np.bincount(label, weights=members, minlength=count)[label]
    return sizes
