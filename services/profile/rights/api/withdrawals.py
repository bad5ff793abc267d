"""Taking an import back: it has a route of its own, as what rests on it ends with it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from chassis.web import idempotency
from chassis.web.caller import caller, requires
from chassis.web.openapi import WORK_WAITS, Blueprint, Shows, refuses, shows
from services.profile.book.api import shown as book_shown
from services.profile.book.api.current import context
from services.profile.book.api.import_schemas import ImportSchema
from services.profile.book.api.imports import shown_import
from services.profile.rights.usecases.take_back import ask

blueprint = Blueprint("withdrawals", __name__, url_prefix="/v1/imports", description="Imports that are taken back")


@blueprint.post("/<import_id>/withdraw")
@refuses(blueprint, 404, 409, *WORK_WAITS)
@requires("imports:write")
@blueprint.response(200, ImportSchema())
@idempotency.repeatable
@shows(Shows.OWN_WORDS)
def post_withdrawal(session: Session, import_id: str) -> dict[str, Any]:
    """Take an import back: its rows end, as if it had not been sent; by its sender or the operator.

    A version that it replaced stands again; what was read at an earlier `known_at` is read the same. Features, scores,
    alerts and cross-checks are made anew, and the ledger, the firms and their readers are told. The work goes on in
    the background: the import's state is `withdrawing`, then `withdrawn`. A later import that had repeated rows of it
    stands in for it (`stand_ins`), or is named in `send_again` where its file is no longer kept. An enterprise that it
    described is known again by what others said of it, before and since.
    """
    return book_shown.plain(shown_import(session, ask(context(), session, caller(), import_id)))
