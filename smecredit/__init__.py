"""What a user installs: a typed client of the suite and the command line `smecredit`.

from smecredit import Client

bank = Client("https://credit.example", api_key="smc_…")
bank.score("local:E17")["grade"]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smecredit.client import Client
    from smecredit.problems import Problem, Unreachable

__all__ = ["Client", "Problem", "Unreachable"]


def __getattr__(name: str) -> Any:
    """Import on first use, so that the command line starts without the network stack."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "smecredit.client" if name == "Client" else "smecredit.problems"
    return getattr(import_module(home), name)
