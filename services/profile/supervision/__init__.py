"""Supervision (监管): classes of firms, indices of industries and regions, bidders who belong together."""

from __future__ import annotations
