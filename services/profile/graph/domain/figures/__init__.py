"""Figures of the graph: what a firm's ties, and those it is tied to, say of its risk (ADR 45)."""

from __future__ import annotations

from services.profile.graph.domain.figures.declared import BLOCKS, FIGURES, Figure
from services.profile.graph.domain.figures.network import TIES, Network, network
from services.profile.graph.domain.figures.of_ties import FACTS, figures

__all__ = ["BLOCKS", "FACTS", "FIGURES", "TIES", "Figure", "Network", "figures", "network"]
