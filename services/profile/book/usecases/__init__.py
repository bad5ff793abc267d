"""What is done with the book: receive, load, record, enrol, gather."""

from __future__ import annotations
