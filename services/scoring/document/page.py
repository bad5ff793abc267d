"""From a model to a page: self-contained HTML without script, in one language, that prints well."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2

from services.scoring.document import evidence, sections
from services.scoring.document.blocks import Section
from services.scoring.document.words import Language, Words

PARTS = (
    sections.purpose,
    sections.governance,
    sections.definitions,
    sections.lineage,
    sections.data,
    sections.method,
    sections.alternatives,
    evidence.performance,
    evidence.calibration,
    evidence.stability,
    evidence.sensitivity,
    evidence.withholding,
    evidence.reasons,
    evidence.rating,
    evidence.limits,
)


def document(model: Mapping[str, Any], words: Words) -> list[Section]:
    """Return the sections of a trained model's document; `model` is as the API shows it, with its events."""
    return [part(model, words) for part in PARTS]


def render(model: Mapping[str, Any], pictures: Mapping[str, str], language: Language) -> str:
    """Return the document as HTML; pictures are SVG texts by name, those that a model lacks are left out."""
    words = Words(language)
    images = {name: b64encode(svg.encode()).decode() for name, svg in pictures.items()}
    return _template().render(
        model=model, sections=document(model, words), images=images, words=words, language=language
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(files(__package__).joinpath("page.html").read_text("utf-8"))
