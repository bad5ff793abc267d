"""Confirmation (印证): what bears out an enterprise's own word, and what only it says."""

from __future__ import annotations

from services.profile.portrait.domain.confirmation.told import SENDERS, Beside, Told
from services.profile.portrait.domain.confirmation.weigh import CONFIRMING, confirmed, evidence, unconfirmed, weigh

__all__ = ["CONFIRMING", "SENDERS", "Beside", "Told", "confirmed", "evidence", "unconfirmed", "weigh"]
