"""HTTP of the graph: ties, control, groups, rings, shocks."""

from __future__ import annotations
