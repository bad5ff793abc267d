"""The book as a whole: its state, and its date, which is the operator's."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy import select

from chassis.web import paging, preconditions
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from services.profile.book import date_store, enterprise_store, state_store, tables
from services.profile.book.api import shown
from services.profile.book.api.book_schemas import (
    BookDateOrderSchema,
    BookDatePageSchema,
    BookDateSchema,
    BookSchema,
)
from services.profile.book.api.current import context
from services.profile.book.domain.moment import usual_day
from services.profile.book.usecases.date_book import date_book

blueprint = Blueprint("book", __name__, url_prefix="/v1", description="The book as a whole")
UNDATED = {"version": 0, "date": None, "set_by": None, "set_at": None, "note": None}


@blueprint.get("/book")
@blueprint.response(200, BookSchema())
@shows(Shows.COUNTS)
def get_book() -> Response:
    """Read the book's size, and as of which day files are read where a request names none."""
    caller()
    with context().database.read() as session:
        state, enterprises = state_store.book(session), enterprise_store.size(session)
    return json_answer(
        {
            "date": usual_day(state.date, context().today()),
            "dated": state.date is not None,
            "latest": state.latest,
            "synthetic": state.synthetic,
            "enterprises": enterprises,
            "invoices": state.invoices,
            "known_at": shown.known_at(state.known_at),
        }
    )


@blueprint.get("/book/date")
@blueprint.response(200, BookDateSchema())
def get_book_date() -> Response:
    """Read the day that the operator has dated the book with, by whom, when and why."""
    caller()
    with context().database.read() as session:
        return _tagged(date_store.newest(session))


@blueprint.get("/book/dates")
@refuses(blueprint, 400)
@blueprint.response(200, BookDatePageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
def list_book_dates() -> Response:
    """List all versions of the book's date, newest first."""
    caller()
    table = tables.BookDate
    with context().database.read() as session:
        return json_answer(paging.page(session, select(table), [table.version], _shown, newest_first=True))


@blueprint.put("/book/date")
@refuses(blueprint, 412, 422)
@requires("book:write")
@blueprint.arguments(BookDateOrderSchema())
@blueprint.response(200, BookDateSchema())
@preconditions.documented
def put_book_date(order: dict[str, Any]) -> Response:
    """Date the book, as the operator: as of that day files are read where a request names none.

    No record moves it. Without a `date` it is always the end of the last month that is over in China. The same again
    changes nothing; a new date stands in the ledger, and every firm's signals are looked at anew.
    """
    meant = preconditions.version_meant()
    with context().database.begin() as session:
        return _tagged(date_book(context(), session, caller(), order["date"], order["note"], meant))


def _tagged(row: tables.BookDate | None) -> Response:
    answer = json_answer(_shown(row) if row else UNDATED)
    answer.set_etag(str(row.version if row else 0))
    return answer


def _shown(row: tables.BookDate) -> dict[str, Any]:
    return {name: getattr(row, name) for name in UNDATED}
