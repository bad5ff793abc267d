"""What is read and worked out of the graph: neighbourhoods, control, rings, shocks; what it imports and exports."""

from __future__ import annotations
