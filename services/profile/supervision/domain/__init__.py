"""Classes, indices and what of them may be published, signs of collusion: pure."""

from __future__ import annotations
