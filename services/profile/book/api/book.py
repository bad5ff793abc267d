"""The book as a whole: its state."""

from __future__ import annotations

from flask import Response

from chassis.web.answers import json_answer
from chassis.web.caller import caller
from chassis.web.openapi import Blueprint, Shows, shows
from services.profile.book import store
from services.profile.book.api import shown
from services.profile.book.api.book_schemas import BookSchema
from services.profile.book.api.current import context

blueprint = Blueprint("book", __name__, url_prefix="/v1", description="The book as a whole")


@blueprint.get("/book")
@blueprint.response(200, BookSchema())
@shows(Shows.COUNTS)
def get_book() -> Response:
    """Read the book's date and size."""
    caller()
    with context().database.read() as session:
        state, enterprises = store.book(session), store.size(session)
    return json_answer(
        {
            "date": state.date,
            "synthetic": state.synthetic,
            "enterprises": enterprises,
            "invoices": state.invoices,
            "known_at": shown.known_at(state.known_at),
        }
    )
