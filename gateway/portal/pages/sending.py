"""Sending a file: a look at it first, its columns corrected by hand, its mapping saved, then the import."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import Invalid
from chassis.web.reading import loads
from gateway.portal.door import ServiceProblem
from gateway.portal.visit import ask, page, refusal, say, visitor

SENDERS = ("enterprise", "source", "operator")
# A browser's file is held here while it passes; a larger one goes by the command line, piece by piece.
LARGEST = 64 << 20
SHOWN = 10
# Electronic invoices need no mapping; whose they are tells which way each went.
INVOICES = {"xml", "ofd", "zip"}
INVOICE_KINDS = ("invoices", "invoices.sale", "invoices.purchase")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
SIDE = "/"


def listing() -> ResponseReturnValue:
    """Show the form, and what was sent before."""
    return _page({}, None)


def look() -> ResponseReturnValue:
    """Look at the file of the form: only this part of the page where htmx asks, else the whole page."""
    here, data = _sent()
    query = _query(here.role, request.form)
    if request.form.get("kind") == request.form.get("proposed"):
        query.pop("kind", None)  # nobody chose it: another file may be of another kind
    try:
        found = ask("POST", "/import-previews", file=data, query=query)
    except ServiceProblem as problem:
        return _answer(request.form, None, _refused(problem), problem.status)
    if found.get("form") in INVOICES:
        found["kind"] = request.form.get("kind") or INVOICE_KINDS[0]
        found["kinds"] = [{"kind": one} for one in INVOICE_KINDS]
    for table in found["tables"]:
        table["titles"] = {choice["column"]: choice["title"] for choice in table["choices"]}
    return _answer(request.form, found, {}, 200)


def send() -> ResponseReturnValue:
    """Save the mapping where one is needed or was corrected, and import the file with it."""
    here, data = _sent()
    form = request.form
    query = _query(here.role, form)
    if here.role != "enterprise" and "enterprise" not in query and form.get("owner"):
        query["enterprise"] = form["owner"]
    try:
        if form.get("declaration") or _chosen(form) != _chosen(form, "taken"):
            query["connector"] = _saved(form)
        elif form.get("connector"):
            query["connector"] = form["connector"].partition("@")[0]
        sent = ask("POST", "/imports", file=data, query=query, key=form.get("nonce") or uuid4().hex)
    except ServiceProblem as problem:
        if problem.status not in {400, 403, 404, 409, 413, 422}:
            raise
        return _answer(form, None, _refused(problem), problem.status)
    return redirect(url_for("portal.imports_one", name=sent["id"], did="sent"), 303)


def _sent() -> tuple[Any, bytes]:
    """Return the visitor and the file of the form."""
    here = visitor(*SENDERS)
    request.max_content_length = LARGEST
    file = request.files.get("file")
    data = file.read() if file else b""
    if not data:
        raise Invalid(say("sending.no_file"))
    return here, data


def _query(role: str, form: Mapping[str, str]) -> dict[str, str | int]:
    file = request.files.get("file")
    enterprise = form.get("enterprise", "").strip() if role != "enterprise" else ""
    said = {"kind": form.get("kind", ""), "enterprise": enterprise, "filename": (file.filename or "") if file else ""}
    return {name: value for name, value in said.items() if value}


def _saved(form: Mapping[str, str]) -> str:
    """Save the mapping under the name in the form, and return the name."""
    name = form.get("name", "").strip()
    if not NAME.fullmatch(name):
        raise ServiceProblem(422, {"detail": say("sending.need_name")})
    before = _brought_along(form.get("declaration") or "{}")
    ask("PUT", f"/connectors/{name}", json=corrected({**before, "kind": form.get("kind", "")}, _chosen(form)))
    return name


def _brought_along(text: str) -> dict[str, Any]:
    """Return the declaration that the form brought along; refuse one that is none any more."""
    try:
        said = loads(text)
    except (Invalid, ValueError):
        said = None
    if not isinstance(said, dict):
        raise ServiceProblem(422, {"detail": say("sending.no_declaration")})
    return said


def _chosen(form: Mapping[str, str], which: str = "column") -> dict[str, str]:
    """Return what was chosen, or was `taken` before, for each title of the file; "" for what is left out."""
    places = range(sum(name.startswith("title-") for name in form))
    return {form[f"title-{at}"]: form.get(f"{which}-{at}", "") for at in places if form.get(f"title-{at}", "").strip()}


def corrected(declared: Mapping[str, Any], chosen: Mapping[str, str]) -> dict[str, Any]:
    """Return a declaration with the columns that were chosen, and what it says of those that stay."""
    columns = {title: ours for title, ours in chosen.items() if ours and SIDE not in ours}
    split = _divided(declared, chosen)
    if "signed" in split:
        columns = {title: ours for title, ours in columns.items() if ours != split["amount"]}
    named = set(columns.values())
    found = {
        "ignored": [title for title, ours in chosen.items() if not ours],
        "split": split,
        "made": [name for name in declared.get("made", ()) if name not in named],
        **{key: _of(named, declared.get(key, {})) for key in ("dates", "values", "units")},
        "constants": declared.get("constants"),
    }
    return {"kind": declared["kind"], "columns": columns, **{key: said for key, said in found.items() if said}}


def _of(named: set[str], said: Mapping[str, Any]) -> dict[str, Any]:
    return {ours: each for ours, each in said.items() if ours in named}


def _divided(declared: Mapping[str, Any], chosen: Mapping[str, str]) -> dict[str, Any]:
    """Return how an amount is divided: in two columns, or by its sign where no column tells which way it went."""
    sides = {ours.partition(SIDE)[2]: title for title, ours in chosen.items() if SIDE in ours}
    both = {"amount": "amount_fen", "by": "direction"}
    if sides:
        return {**both, "titles": sides}
    amounts = [title for title, ours in chosen.items() if ours == "amount_fen"]
    untold = declared["kind"] == "payments" and "direction" not in chosen.values()
    return {**both, "signed": amounts} if amounts and untold else {}


def _answer(
    form: Mapping[str, str], found: dict[str, Any] | None, errors: Mapping[str, str], status: int
) -> ResponseReturnValue:
    if request.headers.get("HX-Request"):
        shown = {"found": found, "declared": _declared(found), "errors": errors, "nonce": uuid4().hex}
        return page("_import_preview.html", **shown), status
    return _page(form, found, errors, status)


def _declared(found: Mapping[str, Any] | None) -> str:
    """Return the declaration to correct: the proposed one, empty where the file fits as it is."""
    return json.dumps(found["declaration"], ensure_ascii=False) if found and found["declaration"] else ""


def _page(
    form: Mapping[str, str],
    found: dict[str, Any] | None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    visitor(*SENDERS)
    return page(
        "sending.html",
        form=form,
        found=found,
        declared=_declared(found),
        errors=errors or {},
        imports=ask("GET", "/imports", query={"limit": SHOWN})["items"],
        nonce=uuid4().hex,
    ), status


def _refused(problem: ServiceProblem) -> dict[str, str]:
    return {"refused": refusal(problem)}
