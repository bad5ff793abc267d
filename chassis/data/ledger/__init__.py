"""A ledger whose every entry can be proved to whoever it concerns: RFC 9162's tree over RFC 8785's JSON.

A service declares its tables, enters what happens in the transaction in which it happens, and serves `api.blueprint`:
signed checkpoints, entries, and the proofs that bind the two.
"""

from __future__ import annotations

from chassis.data.ledger.entry import Entry
from chassis.data.ledger.store import append, begin, declare, forget, numbers_about, numbers_by

__all__ = ["Entry", "append", "begin", "declare", "forget", "numbers_about", "numbers_by"]
