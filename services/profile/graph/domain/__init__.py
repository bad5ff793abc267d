"""Ties, control, rings, contagion: pure, on tables of edges."""

from __future__ import annotations
