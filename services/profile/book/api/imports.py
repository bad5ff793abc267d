"""Imports: files taken in durably, worked off by the worker, answered with counts that add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from flask import Response, request, send_file
from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

from chassis.core.identity import Caller
from chassis.data import jobs
from chassis.web import paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import WORK_WAITS, Blueprint, Shows, refuses, shows
from services.profile.book import tables, withdrawals
from services.profile.book.api import shown
from services.profile.book.api.current import context
from services.profile.book.api.import_schemas import ImportPageSchema, ImportSchema, UsageSchema
from services.profile.book.api.upload import BODY, MULTIPART_OVERHEAD, upload
from services.profile.book.domain.channel import Channel
from services.profile.book.domain.columns import KINDS
from services.profile.book.usecases.allow import allowance
from services.profile.book.usecases.receive import Delivery, ImportNotFound, receive
from services.profile.book.usecases.report import reject_report, rejected_rows
from services.profile.standards.codes import enterprise_id

blueprint = Blueprint("imports", __name__, url_prefix="/v1/imports", description="Files of data, taken in durably")
CHANNEL = {
    "in": "query",
    "name": "channel",
    "schema": {"type": "string", "enum": list(Channel)},
    "description": "The lawful way by which the data came; the usual one of the sender and the kind unless given",
}
PARAMETERS = [
    {"in": "query", "name": "kind", "required": True, "schema": {"type": "string", "enum": list(KINDS)}},
    {"in": "query", "name": "filename", "schema": {"type": "string"}, "description": "Its name, for a raw body"},
    CHANNEL,
    {
        "in": "query",
        "name": "connector",
        "schema": {"type": "string"},
        "description": "The source's own layout: one of GET /v1/connectors",
    },
    {
        "in": "query",
        "name": "enterprise",
        "schema": {"type": "string"},
        "description": "The one that all rows are about, where the file does not say; an enterprise sends its own only",
    },
    {
        "in": "query",
        "name": "stated_on",
        "schema": {"type": "string", "format": "date"},
        "description": "The day on which the source made the file; what was stated later stands against it",
    },
    {"in": "header", "name": "Idempotency-Key", "schema": {"type": "string", "maxLength": 128}},
]
REJECTS_FORM = {
    "in": "query",
    "name": "form",
    "schema": {"type": "string", "enum": ["report", "file"], "default": "report"},
    "description": "A list of faults, or the rejected rows as your own file with the reasons in front",
}
# A zip where rows of several sheets are asked for: a file for each.
REJECTS = {sort: {"schema": {"type": "string", "format": "binary"}} for sort in ("text/csv", "application/zip")}


@blueprint.post("")
@refuses(blueprint, 400, 413, 422, 429, *WORK_WAITS)
@requires("imports:write")
@blueprint.response(202, ImportSchema())
@blueprint.doc(parameters=PARAMETERS, requestBody=BODY)
@shows(Shows.OWN_WORDS)
def post_import() -> Response:
    """Send a file.

    CSV (gzipped or not), a workbook (.xlsx, .xls), Parquet or JSON of one kind, invoices as XML or OFD (数电票) or a
    zip of them, or the official workbook with its three sheets; Chinese or English column names, or a source's own by a
    connector. The table is found below title lines, totals are left out and told in `notes`. The file is safe once this
    answers; ask for the import's state until it is done. How many bytes you may send in a day, and have kept, is told
    by `GET /v1/imports/usage`: beyond a day's a file is refused with 429, beyond what is kept with 413.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= 128:
        raise BadRequest("Idempotency-Key has 1 to 128 characters. / Idempotency-Key 须为 1 至 128 个字符。")
    delivery = replace(_delivery(key), announced=_announced())
    name, stream = upload()
    return import_answer(receive(context(), caller(), replace(delivery, file=name or delivery.file), stream))


@blueprint.get("")
@refuses(blueprint, 400)
@requires("imports:read")
@blueprint.response(200, ImportPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.OWN_WORDS)
def list_imports() -> Response:
    """List imports, newest first: one's own, or all for an operator."""
    with context().database.read() as session:

        def show(row: tables.Import) -> dict[str, Any]:
            return shown_import(session, row)

        return json_answer(paging.page(session, _mine(caller()), [tables.Import.id], show, newest_first=True))


@blueprint.get("/usage")
@requires("imports:read")
@blueprint.response(200, UsageSchema())
@shows(Shows.COUNTS)
def get_import_usage() -> Response:
    """Read how many bytes of files you have sent today and are kept of you, and how many are left."""
    with context().database.read() as session:
        return json_answer(allowance(context(), session, caller().client).shown())


@blueprint.get("/<import_id>")
@refuses(blueprint, 404)
@requires("imports:read")
@blueprint.response(200, ImportSchema())
@shows(Shows.OWN_WORDS)
def get_import(import_id: str) -> Response:
    """Read how far an import is, and its counts."""
    with context().database.read() as session:
        return json_answer(_one(session, caller(), import_id))


@blueprint.get("/<import_id>/rejects")
@refuses(blueprint, 404)
@requires("imports:read")
@blueprint.response(
    200, {"type": "string"}, content_type="text/csv", description="line,column,value,reason; or the file's own columns"
)
@blueprint.doc(parameters=[REJECTS_FORM], responses={200: {"content": REJECTS}})
@shows(Shows.OWN_WORDS)
def get_rejects(import_id: str) -> Response:
    """Download what was rejected: a list of faults (line, column, value, reason), or the rows of your own file.

    `line` is the line of the file as an editor counts it (the row, for Parquet; the sheet's row, for a workbook). With
    `form=file` the rejected rows come under your file's own titles, the reasons in Chinese and English in front:
    correct them and send that file again, as the same kind; the reasons are not read, and the apostrophes are taken off
    again that keep a spreadsheet from running a cell or shortening a number. Several sheets come as a zip.
    """
    with context().database.read() as session:
        one = _one(session, caller(), import_id)
    if request.args.get("form") == "file":
        return _rejected_rows(one)
    try:
        return _file(reject_report(import_id), f"{import_id}-rejects.csv")
    except FileNotFoundError:
        raise ImportNotFound(
            "This import has no report yet; ask again when it is done. / 该次导入尚无退回清单，请待完成后再取。",
            id=import_id,
        ) from None


def _rejected_rows(one: Mapping[str, Any]) -> Response:
    import_id, file = str(one["id"]), str(one["file"])
    found = rejected_rows(context(), import_id)
    if found is None and one["rejected"]:
        raise ImportNotFound(
            f"{one['rejected']} rows of this import were rejected, and the file of them is not kept any more. "
            f"/ 该次导入有 {one['rejected']} 行被退回，其文件已不再保存。",
            id=import_id,
        )
    if found is None:
        raise ImportNotFound(
            "No row of this import was rejected, or it is not done yet. / 该次导入没有退回行，或尚未完成。",
            id=import_id,
        )
    return _file(found, f"{Path(file).name.partition('.')[0] or import_id}-rejected{Path(found).suffix}")


def _file(name: str, download_name: str) -> Response:
    """Answer with a file, whole, beside the uploads; one of an object store is gone from here once it is opened."""
    mimetype = "text/csv" if name.endswith(".csv") else "application/zip"
    with context().uploads.open(name) as path:
        answer = send_file(path, mimetype=mimetype, as_attachment=True, download_name=download_name, conditional=False)
        return answer.make_conditional(request)  # type: ignore[return-value]


def import_answer(import_id: str) -> Response:
    """Answer with an import that was taken in, and where to ask for it."""
    with context().database.read() as session:
        answer = json_answer(_one(session, caller(), import_id), 202)
    answer.headers["Location"] = f"/v1/imports/{import_id}"
    return answer


def shown_import(session: Session, row: tables.Import) -> dict[str, Any]:
    """Show an import as it stands."""
    state = jobs.state_of(session, row, row.id)
    return shown.imported(row, state, withdrawals.withdrawal(session, row.id))


def _delivery(key: str | None) -> Delivery:
    """Return what the query says of a file."""
    kind = request.args.get("kind", "")
    about = request.args.get("enterprise")
    stated_on = request.args.get("stated_on")
    return Delivery(
        kind,
        request.args.get("filename", kind),
        key,
        request.args.get("channel"),
        request.args.get("connector"),
        enterprise_id(about) if about else None,
        _day(stated_on) if stated_on else None,
    )


def _announced() -> int:
    """Return how many bytes of a file the request says to bring, at least."""
    form = MULTIPART_OVERHEAD if request.mimetype == "multipart/form-data" else 0
    return max(0, (request.content_length or 0) - form)


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise BadRequest("stated_on is a day as 2026-03-31. / stated_on 须为日期，例如 2026-03-31。") from None


def _mine(reader: Caller) -> Select[Any]:
    query = select(tables.Import)
    return query if reader.role == "operator" else query.where(tables.Import.client == reader.client)


def _one(session: Session, reader: Caller, import_id: str) -> dict[str, Any]:
    row = session.scalars(_mine(reader).where(tables.Import.id == import_id)).one_or_none()
    if row is None:
        raise ImportNotFound("There is no such import of yours. / 没有您的该次导入。", id=import_id[:40])
    return shown_import(session, row)
