"""Signals and alerts, pure."""

from __future__ import annotations
