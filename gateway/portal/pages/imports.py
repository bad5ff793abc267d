"""One import: what became of it, and taking it back once that is confirmed."""

from __future__ import annotations

from uuid import uuid4

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import NotFound
from gateway.portal.visit import ask, page, say, visitor

ROLES = ("operator", "source")
# Descriptions are merged into what is known of a firm: there is nothing to take back.
MERGED = "enterprises"


def one(name: str) -> ResponseReturnValue:
    """Show an import: its counts, what was not read of it, why it failed, and how it is taken back."""
    visitor(*ROLES)
    shown = ask("GET", f"/imports/{_named(name)}")
    return page(
        "import.html",
        shown=shown,
        may_end=shown["state"] == "done" and shown["kind"] != MERGED,
        notice=say("import.asked") if request.args.get("did") == "asked" else None,
        nonce=uuid4().hex,
    )


def withdraw(name: str) -> ResponseReturnValue:
    """Take an import back where the visitor has ticked that it is meant."""
    visitor(*ROLES)
    did = None
    if request.form.get("confirm"):
        ask("POST", f"/imports/{_named(name)}/withdraw", key=request.form.get("nonce") or uuid4().hex)
        did = "asked"
    return redirect(url_for("portal.imports_one", name=name, did=did), 303)


def _named(name: str) -> str:
    if not name.replace("_", "").isalnum():
        raise NotFound("There is no such import.")
    return name
