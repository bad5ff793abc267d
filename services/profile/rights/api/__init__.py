"""HTTP of rights: enterprises, consents, disputes, repairs, measures, notices, retention."""

from __future__ import annotations
