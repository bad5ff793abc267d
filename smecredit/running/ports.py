"""Where the parts of a suite listen: the gateway at one port, the services on the following ones.

On as many behind these each part is watched: there it tells its metrics, and what it misses.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from smecredit.problems import Expected
from smecredit.running.ground import HOST

SERVICES = ("profile", "scoring", "matching")
PARTS = ("gateway", *SERVICES)
# Each part listens at two.
PORTS = 2 * len(PARTS)
# Requests that wait while a process is exchanged, or starts anew after it crashed.
BACKLOG = 2048


class PortTaken(Expected):
    """Something else listens on a port that we need."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts listen: the gateway at `port`, the services on the following ones."""

    port: int

    def of(self, name: str) -> str:
        """Return the address of the gateway or a service."""
        return f"http://{HOST}:{self.port_of(name)}"

    def port_of(self, name: str) -> int:
        """Return the port of the gateway or a service."""
        return self.port if name == "gateway" else self.port + 1 + SERVICES.index(name)

    def watched(self, name: str) -> str:
        """Return the address at which a part tells its metrics and what it misses."""
        return f"http://{HOST}:{self.watched_port_of(name)}"

    def watched_port_of(self, name: str) -> int:
        """Return the port at which a part is watched."""
        return self.port_of(name) + len(PARTS)

    def ports(self) -> list[int]:
        """Return all ports."""
        return [self.port + step for step in range(PORTS)]


@dataclass(frozen=True, slots=True)
class Sockets:
    """The sockets on which a part listens: for all, and for those who watch it."""

    open: socket.socket
    watched: socket.socket


@contextlib.contextmanager
def listening(addresses: Addresses) -> Iterator[Mapping[str, Sockets]]:
    """Give the sockets on which each part listens, by its name.

    They are ours and not the parts': while one is exchanged or starts anew, requests wait instead of being refused.
    """
    with contextlib.ExitStack() as opened:

        def bound(port: int) -> socket.socket:
            return opened.enter_context(_bound(port, addresses.ports()))

        yield {part: Sockets(bound(addresses.port_of(part)), bound(addresses.watched_port_of(part))) for part in PARTS}


def _bound(port: int, ports: Sequence[int]) -> socket.socket:
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((HOST, port))
        taken.listen(BACKLOG)
    except OSError:
        taken.close()
        raise PortTaken(
            f"port {port} is in use: stop what listens there, or choose another start with --port "
            f"(the suite takes {ports[0]} to {ports[-1]})"
        ) from None
    return taken


def free_port() -> int:
    """Find a port that is free together with the seven after it.

    Below 32,768, where the system picks ports for outgoing connections: one of those could take it before we do.
    """
    for _ in range(100):
        port = 20_000 + PORTS * secrets.randbelow(1_500)
        with contextlib.suppress(PortTaken), listening(Addresses(port)):
            return port
    raise PortTaken("no eight free ports in a row were found")
