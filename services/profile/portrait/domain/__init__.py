"""Features, indicators, peers, cross-checks and the portrait, pure."""

from __future__ import annotations
