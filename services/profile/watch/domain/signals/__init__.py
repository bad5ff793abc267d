"""Early warning (动态监测预警): sixteen signals, declared once, evaluated over many enterprises at a time."""

from __future__ import annotations

from services.profile.watch.domain.signals.catalogue import BY_KEY, SIGNALS, Evaluation, behind, evaluate, version
from services.profile.watch.domain.signals.inputs import SignalInputs, Surroundings
from services.profile.watch.domain.signals.signal import READINGS, RECORDS, SEVERITIES, Signal

__all__ = [
    "BY_KEY",
    "READINGS",
    "RECORDS",
    "SEVERITIES",
    "SIGNALS",
    "Evaluation",
    "Signal",
    "SignalInputs",
    "Surroundings",
    "behind",
    "evaluate",
    "version",
]
