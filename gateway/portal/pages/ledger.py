"""The ledger's page: what it holds of the visitor, verified in the visitor's own browser."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import NotFound
from chassis.web.reading import whole
from gateway.portal.visit import ask, page, visitor

ENTRIES_SHOWN = 100
# Which ledger: that of reads and consents, that of scores, or that of agreed terms.
LOGS = {"reads": "/ledger", "scores": "/score-ledger", "agreements": "/agreement-ledger"}


def entries(log: str) -> ResponseReturnValue:
    """Show the visitor's entries of a ledger with their proofs against one signed checkpoint."""
    here = visitor()
    path = _path(log)
    checkpoint = ask("GET", f"{path}/checkpoint")
    query: dict[str, str | int] = {"size": checkpoint["size"], "limit": ENTRIES_SHOWN}
    if (cursor := whole(request.args.get("cursor", ""))) is not None:
        query["cursor"] = cursor
    listed = ask("GET", f"{path}/entries", query=query)
    return page(
        "ledger.html",
        log=log,
        own=here.role == "enterprise",
        logs=LOGS,
        checkpoint=checkpoint,
        key=ask("GET", f"{path}/keys")["keys"][0],
        rows=[_row(each) for each in listed["items"]],
        data={"note": checkpoint["note"], "entries": listed["items"]},
        next_url=url_for("portal.ledger_entries", log=log, cursor=listed["next"]) if listed["next"] else None,
    ), 200


def consistency(log: str) -> ResponseReturnValue:
    """Hand the browser the proof that a ledger continues the checkpoint that it kept."""
    visitor()
    sizes = {name: request.args.get(name, "") for name in ("old", "new")}
    if any(whole(size) is None for size in sizes.values()):
        raise NotFound("There is no ledger of such a size.")
    answer = ask("GET", f"{_path(log)}/proofs/consistency", query={**sizes})
    return Response(orjson.dumps({"proof": answer["proof"]}), content_type="application/json")


def _path(log: str) -> str:
    if log not in LOGS:
        raise NotFound("There is no such ledger.")
    return LOGS[log]


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    """Return what a line shows: the leaf's content, and who acted where that may be shown."""
    leaf = orjson.loads(entry["leaf"])
    facts = leaf["facts"]
    purposes = [facts["purpose"]] if facts.get("purpose") else facts.get("purposes", ())
    return {
        "n": entry["n"],
        "kind": leaf["kind"],
        "at": leaf["at"],
        "actor": entry["actor"],
        "firm": entry.get("subject"),
        "grantee": entry.get("grantee"),
        "purposes": purposes,
        "facts": facts,
    }
