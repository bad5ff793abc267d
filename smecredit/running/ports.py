"""Where the parts of a suite listen: the gateway at one port, the services on the following ones."""

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

    def ports(self) -> list[int]:
        """Return all ports."""
        return [self.port + step for step in range(1 + len(SERVICES))]


@contextlib.contextmanager
def listening(addresses: Addresses) -> Iterator[Mapping[str, socket.socket]]:
    """Give the socket on which each part listens, by its name.

    They are ours and not the parts': while one is exchanged or starts anew, requests wait instead of being refused.
    """
    with contextlib.ExitStack() as opened:
        yield {part: opened.enter_context(_bound(addresses.port_of(part), addresses.ports())) for part in PARTS}


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
    """Find a port that is free together with the three after it.

    Below 32,768, where the system picks ports for outgoing connections: one of those could take it before we do.
    """
    for _ in range(100):
        port = 20_000 + 4 * secrets.randbelow(3_000)
        with contextlib.suppress(PortTaken), listening(Addresses(port)):
            return port
    raise PortTaken("no four free ports in a row were found")
