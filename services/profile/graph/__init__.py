"""The credit gene graph (信用基因图谱): who is tied to whom, and where risk travels along it."""

from __future__ import annotations
