"""What the suite knows of enterprises: who they are, their portraits and their features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from smecredit.answers import Book, BookDate, Enterprise, Portrait, Purpose
from smecredit.answers.models import Block
from smecredit.client.calls import Calls, Json, iso, listed, moments, segment


@dataclass(frozen=True, slots=True)
class Table:
    """A Parquet table as it came; its headers say As-Of, Known-At, Catalogue, Withheld, Model-Version."""

    body: bytes
    headers: Mapping[str, str]


class Enterprises(Calls):
    """The enterprises of the book, each with its portrait and its features as of a date, as known at a moment."""

    def book(self) -> Book:
        """Return how much the suite holds, and as of which day it reads files unless told."""
        return self._get(Book, "/v1/book")

    def book_dates(self) -> Iterator[BookDate]:
        """Return the days that operators have dated the book with, newest first."""
        return self._pages(BookDate, "/v1/book/dates")

    def date_book(self, day: date | str | None, *, note: str | None = None, replaces: int | None = None) -> BookDate:
        """Date the book, as its operator; None: always with the end of the last month that is over.

        `replaces` is the version that you read: where there is a newer one, nothing is set and `Problem` raised.
        """
        headers = {} if replaces is None else {"If-Match": f'"{replaces}"'}
        order = {"date": str(day) if day else None, "note": note}
        return cast("BookDate", self._wire.call("PUT", "/v1/book/date", value=order, headers=headers).json())

    def catalogue(self) -> Json:
        """Return the features: names, titles, units, directions."""
        return self._get(Json, "/v1/catalogue")

    def enterprises(self, *, name: str | None = None) -> Iterator[Enterprise]:
        """Return the enterprises that this client may know of: the one of a `name`, or those that it may be."""
        return self._pages(Enterprise, "/v1/enterprises", name=name)

    def enterprise(self, enterprise: str) -> Enterprise:
        """Return who a firm is."""
        return self._get(Enterprise, f"/v1/enterprises/{segment(enterprise)}")

    def put_enterprise(self, enterprise: str, facts: Mapping[str, Any]) -> Enterprise:
        """Write a firm's master data."""
        return self._put(Enterprise, f"/v1/enterprises/{segment(enterprise)}", facts)

    def portrait(
        self,
        enterprise: str,
        *,
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-assessment",
    ) -> Portrait:
        """Return a firm's credit portrait."""
        path = f"/v1/enterprises/{segment(enterprise)}/portrait"
        return self._get(Portrait, path, purpose=purpose, as_of=iso(as_of), known_at=iso(known_at))

    def features(
        self,
        enterprise: str,
        *,
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-assessment",
    ) -> Json:
        """Return a firm's features with their hash."""
        path = f"/v1/enterprises/{segment(enterprise)}/features"
        return self._get(Json, path, purpose=purpose, as_of=iso(as_of), known_at=iso(known_at))

    def feature_set(
        self,
        enterprises: Sequence[str] | None = None,
        *,
        as_of: date | None = None,
        known_at: datetime | None = None,
        outcomes: bool = False,
        blocks: Sequence[Block] = (),
        purpose: Purpose = "model-training",
    ) -> Table:
        """Return the features of many firms (None: all that have consented) as Parquet.

        With `blocks` the figures of their ties (`graph`) stand beside, unknown where no consent opens them.
        """
        value = {**moments(as_of, known_at), "enterprises": listed(enterprises), "outcomes": outcomes}
        value |= {"blocks": list(blocks)} if blocks else {}
        answer = self._wire.call("POST", "/v1/feature-sets", value=value, headers={"Purpose": purpose})
        return Table(answer.body, answer.headers)
