"""A trained model as one immutable file: everything that a score needs, everything that its card tells.

The file is JSON with sorted keys, so same content means same bytes; its SHA-256 names the content. It is written
beside its place, synced, and moved there in one step: a reader sees all of it or nothing.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from chassis.core.disk import fsync
from services.scoring.domain.errors import ModelUnreadable, VersionTaken

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
FILE = "artefact.json"


@dataclass(frozen=True, slots=True)
class Artefact:
    """The parts of a model, all as plain values.

    `legend` tells each feature's words, unit and reference value in the order of the points; `reference` the reference
    enterprise, `references` it and those of industries; `card` the model card; `booster` is XGBoost's own JSON;
    `baseline` how features and scores were distributed among the training firms.
    """

    version: str
    booster: str
    encoding: dict[str, Any]
    calibration: dict[str, Any]
    legend: dict[str, Any]
    reference: dict[str, Any]
    card: dict[str, Any]
    baseline: dict[str, Any] = field(default_factory=dict)
    references: list[dict[str, Any]] = field(default_factory=list)

    def as_bytes(self) -> bytes:
        """Return the canonical bytes of the file."""
        return orjson.dumps({"format": FORMAT, **asdict(self)}, option=orjson.OPT_SORT_KEYS)

    @property
    def sha256(self) -> str:
        """The name of the content."""
        return hashlib.sha256(self.as_bytes()).hexdigest()


def legend_against(legend: dict[str, Any], reference: dict[str, Any]) -> dict[str, Any]:
    """Return the same legend with the values of another reference enterprise."""
    values = reference["values"]
    features = [{**feature, "reference": values[feature["name"]]} for feature in legend["features"]]
    return {**legend, "reference": reference["id"], "features": features}


def write(artefact: Artefact, folder: Path) -> Path:
    """Write the artefact into its folder, durable when this returns; writing the same again changes nothing.

    Raises `VersionTaken` when the folder holds other content.
    """
    folder.mkdir(parents=True, exist_ok=True)
    body, place = artefact.as_bytes(), folder / FILE
    if place.exists():
        if place.read_bytes() != body:
            raise taken(artefact.version)
        return place
    beside = folder / f".{FILE}.{os.getpid()}"
    with beside.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(place)
    for directory in (folder, folder.parent):
        fsync(directory)
    return place


def taken(version: str) -> VersionTaken:
    """Return the refusal of other content under a version that is there."""
    return VersionTaken(f"model {version} exists with other content; train under a new version")


def read(folder: Path) -> tuple[Artefact, str]:
    """Return the artefact in a folder and its SHA-256; `FileNotFoundError` if absent, `ModelUnreadable` if damaged."""
    return parsed(folder.name, (folder / FILE).read_bytes())


def parsed(name: str, body: bytes) -> tuple[Artefact, str]:
    """Return the artefact that a file holds and its SHA-256; `ModelUnreadable` if it is damaged."""
    try:
        document = orjson.loads(body)
        if document.pop("format") != FORMAT:
            raise ModelUnreadable(f"{name} was written in another format; train the model again")
        document.pop("actions", None)  # what a firm could change, in files of before plans were simulated
        return Artefact(**document), hashlib.sha256(body).hexdigest()
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as damage:
        raise ModelUnreadable(f"the file of model {name} is damaged ({damage}); restore it from a backup") from None
