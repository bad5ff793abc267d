"""Telling which public records speak against enterprises at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.profile.book.context import Context
from services.profile.book.domain.moment import Facts
from services.profile.book.domain.permit import Permit
from services.profile.book.domain.public_record import DATASET
from services.profile.book.usecases.gather import gather_kind
from services.profile.portrait.domain.against import against


def records_against(context: Context, permit: Permit, facts: Facts) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Return what `against` says of each enterprise of a permit; who has no such record is left out.

    What became known after the time that the answer names is not told, so that a replay tells the same.
    """
    moment = replace(facts.moment, known_at=facts.known_at)
    rows = gather_kind(context, moment, permit, DATASET.name)
    return against(rows, moment.as_of)
