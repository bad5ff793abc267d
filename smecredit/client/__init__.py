"""The suite's Python client: one method per route, typed answers, no hidden state; a module a subject."""

from __future__ import annotations

import copy
from types import TracebackType
from typing import Self

from smecredit.client.applications import Applications
from smecredit.client.calls import OnProgress
from smecredit.client.control import Control
from smecredit.client.corrections import Corrections
from smecredit.client.enterprises import Enterprises, Table
from smecredit.client.granting import Granting
from smecredit.client.graphs import Graphs
from smecredit.client.imports import Imports
from smecredit.client.matches import Matches
from smecredit.client.measures import Measures
from smecredit.client.models import Models
from smecredit.client.plans import Plans
from smecredit.client.proofs import Proofs
from smecredit.client.rights import Rights
from smecredit.client.rings import Circles
from smecredit.client.scores import Scores
from smecredit.client.screens import Screens
from smecredit.client.shocks import Shocks
from smecredit.client.supervision import Supervision
from smecredit.client.webhooks import Webhooks
from smecredit.client.wire import Wire

__all__ = ["DEFAULT_URL", "Client", "OnProgress", "Table"]

DEFAULT_URL = "http://127.0.0.1:8000"


class Client(
    Imports,
    Enterprises,
    Graphs,
    Control,
    Circles,
    Screens,
    Shocks,
    Supervision,
    Rights,
    Corrections,
    Measures,
    Granting,
    Scores,
    Proofs,
    Models,
    Matches,
    Applications,
    Webhooks,
    Plans,
):
    """A client of one suite with one API key.

    Dates are `datetime.date`, moments aware `datetime`, money whole fen. Safe to share between threads. Raises
    `smecredit.Problem` where the suite refuses and `smecredit.Unreachable` where it does not answer.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        api_key: str | None = None,
        *,
        timeout: float = 60.0,
        connections: int = 16,
        retries: int = 3,
    ) -> None:
        self._wire = Wire(url, api_key, timeout=timeout, connections=connections, retries=retries)

    def with_key(self, api_key: str) -> Client:
        """Return the same suite over the same kept connections with another key."""
        return self._over(self._wire.with_key(api_key))

    def signing(
        self, client_id: str, private_key: bytes, *, endpoint: str | None = None, bound: bool = False
    ) -> Client:
        """Return the same suite as a client that signs for itself and shares no secret (`private_key_jwt`).

        `private_key` is a PEM of a P-256 key whose public half the operator registered; `endpoint` the public address
        of `/oauth/token` where it is not below this client's own. With `bound` each token is bound to a key that is
        made here and kept nowhere, and each request proves that it has it (DPoP, RFC 9449).
        """
        return self._over(self._wire.signing(client_id, private_key, endpoint, bound=bound))

    def _over(self, wire: Wire) -> Client:
        other = copy.copy(self)
        other._wire = wire
        return other

    def __enter__(self) -> Self:
        """Use the client in a `with` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections."""
        self.close()

    def close(self) -> None:
        """Close the kept connections."""
        self._wire.close()
