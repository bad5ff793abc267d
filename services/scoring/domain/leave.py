"""The profile service's word that something stored of an enterprise may be shown now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave to show what is stored of one enterprise, asked for anew each time, and what it disputes now.

    Made by `clients.Profile` from an answer of the profile service, and by nothing else: a test reads the code for it.
    """

    disputes: Sequence[Mapping[str, Any]]
