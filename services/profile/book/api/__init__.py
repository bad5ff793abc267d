"""HTTP of the book: imports, single records, connectors, the book's state."""

from __future__ import annotations
