"""The kinds of data and their rules, as values and columns."""

from __future__ import annotations
