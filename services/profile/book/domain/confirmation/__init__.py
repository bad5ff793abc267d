"""Confirmation (印证): what bears out an enterprise's own word, and what only it says."""

from __future__ import annotations

from services.profile.book.domain.confirmation.told import SENDERS, Beside, Told
from services.profile.book.domain.confirmation.weigh import BLUE, CONFIRMING, MONEY, unconfirmed, weigh

__all__ = ["BLUE", "CONFIRMING", "MONEY", "SENDERS", "Beside", "Told", "unconfirmed", "weigh"]
