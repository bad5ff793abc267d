"""What a suite stands on beside its own processes: servers that run with it, and what its processes read of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from smecredit.running.process import Command

HOST: Final = "127.0.0.1"


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Server:
    """A command that runs beside the suite, and whether it is ready to be used."""

    command: Command
    ready: Callable[[], bool] = _always


@dataclass(frozen=True, slots=True)
class Ground:
    """Servers and settings; by itself nothing, which is one machine with files in the home folder.

    Where machines are `apart`, the processes of each service have a home folder of their own, as on a machine of its
    own: what they share is what the servers keep.
    """

    servers: tuple[Server, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    apart: bool = False
