"""One import: what became of it, what was rejected, and taking it back once that is confirmed."""

from __future__ import annotations

import csv
import io
from itertools import islice
from pathlib import PurePath
from uuid import uuid4

from flask import redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import NotFound
from gateway.portal.visit import answered, ask, page, say, visitor

ROLES = ("enterprise", "operator", "source")
GOES_ON = ("queued", "running", "withdrawing")
REJECTS_SHOWN = 20
NOTICES = {"asked": "import.asked", "sent": "sending.was_sent"}


def one(name: str) -> ResponseReturnValue:
    """Show an import: its counts, what was not read of it, why it failed, and how it is taken back."""
    visitor(*ROLES)
    shown = ask("GET", f"/imports/{_named(name)}")
    goes_on = shown["state"] in GOES_ON
    did = NOTICES.get(request.args.get("did", "")) if goes_on else None
    return page(
        "import.html",
        shown=shown,
        may_end=shown["state"] == "done" and shown["received"] > shown["rejected"],
        goes_on=goes_on,
        rejects=_rejects(name) if shown["rejected"] else [],
        most=REJECTS_SHOWN,
        notice=say(did) if did else None,
        nonce=uuid4().hex,
    )


def rejects(name: str) -> ResponseReturnValue:
    """Give the rejected rows as the sender's own file, the reasons in front: to be corrected and sent again."""
    visitor(*ROLES)
    file = answered("GET", f"/imports/{_named(name)}/rejects", query={"form": "file"})
    sent = PurePath(ask("GET", f"/imports/{name}")["file"]).name.partition(".")[0] or name
    named = f"{sent}-rejected{'.zip' if 'zip' in file.kind else '.csv'}"
    return send_file(io.BytesIO(file.file), file.kind.partition(";")[0], as_attachment=True, download_name=named)


def _rejects(name: str) -> list[dict[str, str]]:
    """Return the first faults: line, column, value, reason."""
    report = answered("GET", f"/imports/{name}/rejects").file.decode("utf-8-sig")
    return list(islice(csv.DictReader(io.StringIO(report)), REJECTS_SHOWN))


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
