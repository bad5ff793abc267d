"""A form that takes any table as it is, so that the readers find its header and its rows before its kind is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.profile.book.domain.form import Form, Matched
from services.profile.book.domain.titles import shown


@dataclass(frozen=True)
class Anything(Form):
    """Knows the titles of all kinds and connectors, and gives none of them a meaning."""

    known: frozenset[str] = frozenset()

    @property
    def titles(self) -> frozenset[str]:
        """Every title that any form knows, as titles are compared."""
        return self.known

    def match(self, titles: Sequence[str], where: str = "The file") -> Matched:
        """Refuse nothing and find nothing."""
        return Matched({}, tuple(shown(title) for title in titles))


def anything(forms: Iterable[Form]) -> Anything:
    """Return the form that finds a header by the titles of all of these."""
    return Anything("any", (), known=frozenset(title for form in forms for title in form.titles))
