"""Handing in: the products chosen of a match, the papers that their banks ask for, and a last look before it goes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import orjson
from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from gateway.portal import applications as words
from gateway.portal.door import ServiceProblem
from gateway.portal.language import pick
from gateway.portal.pages import matching
from gateway.portal.pages.matching import APPLICANTS
from gateway.portal.visit import ask, page, say, speaking, visitor

# The papers of one dossier pass through here to be hashed, piece by piece; nothing of them is kept.
LARGEST = 64 << 20
PIECE = 1 << 20
LONGEST_NAME = 200
MOST_PAPERS = 50


def form() -> ResponseReturnValue:
    """Show what would be handed in: the need, the products chosen, and the papers that are asked for."""
    visitor(*APPLICANTS)
    chosen = request.args.getlist("product")
    errors = {} if chosen else {"refused": say("applying.none_chosen")}
    return _form(request.args.get("match", ""), chosen, errors, 200 if chosen else 422)


def hand_in() -> ResponseReturnValue:
    """Hand the dossier in, or show it again with why it was refused."""
    visitor(*APPLICANTS)
    request.max_content_length = LARGEST
    fields = request.form
    match, chosen = fields.get("match", ""), fields.getlist("product")
    if not chosen:
        return _form(match, chosen, {"refused": say("applying.none_chosen")}, 422)
    papers = _papers()
    if len(papers) > MOST_PAPERS:
        return _form(match, chosen, {"refused": say("applying.too_many")}, 422)
    found = matching.read(match)
    # The products' versions, the need and whose it is are taken from the match and from nowhere else.
    order = {
        "enterprise": found["enterprise"],
        "products": chosen,
        "need": {name: found["need"][name] for name in ("amount_fen", "months")},
        "documents": [_reference(title, file) for title, file in papers],
        "draft": fields.get("draft") == "true",
        "match": match,
    }
    key = uuid5(NAMESPACE_URL, f"{fields.get('nonce') or uuid4().hex} {orjson.dumps(order)!r}").hex
    try:
        handed_in = ask("POST", "/applications", json=order, key=key)
    except ServiceProblem as problem:
        if problem.status not in {400, 403, 409, 422}:
            raise
        return _form(match, chosen, _refused(problem, found), problem.status)
    opened = handed_in["applications"]
    if len(opened) == 1:
        did = "existing" if opened[0].get("existing") else "submit" if opened[0]["state"] != "draft" else "drafted"
        return redirect(url_for("portal.applications_one", application=opened[0]["id"], did=did), 303)
    return redirect(url_for("portal.applications_listing", did="kept" if order["draft"] else "handed_in"), 303)


def _form(match: str, chosen: list[str], errors: Mapping[str, Any], status: int) -> ResponseReturnValue:
    found = matching.read(match)
    offers = [each for each in found["offers"] if each["product"] in chosen]
    asked = {paper["id"]: pick(speaking(), paper["title"]) for each in offers for paper in each.get("documents") or ()}
    return page(
        "applying.html",
        match=found,
        offers=offers,
        papers=asked,
        back=_back(found),
        errors=errors,
        # No browser fills a chosen file in again.
        files_lost=any(file.filename for file in request.files.values()),
        nonce=uuid4().hex,
    ), status


def _back(match: Mapping[str, Any]) -> str:
    """Return where the match is shown that was chosen from."""
    where = {"match": match["id"], "_anchor": "matching"}
    if visitor().role == "enterprise":
        return url_for("portal.matching_own", **where)
    return url_for("portal.applicants_applicant", firm=match["enterprise"], **where)


def _papers() -> list[tuple[str, FileStorage]]:
    """Return the files that were chosen, each with the title under which it was asked for, or ""."""
    titles = request.form.getlist("paper_title")
    named = [(title, request.files.get(f"paper_{n}")) for n, title in enumerate(titles)]
    named += [("", file) for file in request.files.getlist("paper")]
    return [(title, file) for title, file in named if file and file.filename]


def _reference(title: str, file: FileStorage) -> dict[str, str]:
    """Return a file by name and digest; its content goes nowhere."""
    return {"name": (title or file.filename or "")[:LONGEST_NAME], "sha256": _digest(file)}


def _digest(file: FileStorage) -> str:
    digest = hashlib.sha256()
    while piece := file.stream.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _refused(problem: ServiceProblem, match: Mapping[str, Any]) -> dict[str, Any]:
    named = problem.document.get("product")
    titles = {each["product"]: pick(speaking(), each["title"]) for each in match["offers"]}
    refused = words.refusal(speaking(), problem, titles.get(named, ""))
    return {"refused": refused, "under_way": problem.document.get("application")}
