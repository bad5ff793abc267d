"""From the setting `SMECREDIT_ENGINE` to the engine."""

from __future__ import annotations

from importlib.util import find_spec

from chassis.core.engine.cluster import Cluster
from chassis.core.engine.here import Here
from chassis.core.engine.local import Local
from chassis.core.engine.ran import Engine
from chassis.core.settings import SettingsError


def engine_of(setting: str) -> Engine:
    """Return the engine that `chassis.core.settings.engine` has read; nothing starts or connects yet.

    >>> engine_of("tcp://scheduler:8786")
    Cluster(address='tcp://scheduler:8786', patience=30.0, connect=10.0)
    """
    if setting == "here":
        return Here()
    if setting.startswith("local"):
        _, _, width = setting.partition(":")
        return Local(int(width) if width else None)
    if find_spec("distributed") is None:
        raise SettingsError(
            "The settings cannot be used:\n  SMECREDIT_ENGINE: a scheduler's address needs the extra `cluster` "
            "(pip install 'smecredit[cluster]')."
        )
    return Cluster(setting)
