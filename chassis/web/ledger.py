"""A ledger over HTTP: checkpoints, entries and proofs, for everybody with a key or a token.

The leaf of any entry is public: kinds, times and digests. Whose it was is shown in plain only to whom it concerns and
to who acted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, current_app

from chassis.core import merkle
from chassis.core.identity import Caller
from chassis.core.signing import Signer
from chassis.data.database import Database
from chassis.data.ledger import checkpoint, store
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.ledger_schemas import (
    CheckpointSchema,
    ConsistencyQuerySchema,
    ConsistencySchema,
    EntriesQuerySchema,
    InclusionQuerySchema,
    InclusionSchema,
    LedgerEntrySchema,
    LedgerKeysSchema,
    ProvedEntryPageSchema,
)
from chassis.web.openapi import Blueprint, Shows, refuses, shows

SCOPE = "ledger:read"


def blueprint(name: str, origin: str, signer: Callable[[], Signer], description: str) -> Blueprint:
    """Return the routes of a service's ledger at `/v1/{name}`; `origin` names it in its checkpoints."""
    routes = Blueprint(name, __name__, url_prefix=f"/v1/{name}", description=description)

    _add_head(routes, origin, signer)
    _add_entries(routes)
    _add_proofs(routes)
    return routes


def _add_head(routes: Blueprint, origin: str, signer: Callable[[], Signer]) -> None:
    @routes.get("/checkpoint")
    @requires(SCOPE)
    @refuses(routes)
    @routes.response(200, CheckpointSchema())
    def get_checkpoint() -> Response:
        """Read what the ledger commits to now, signed."""
        with _database().read() as session:
            head = store.head(session)
        signed = checkpoint.note(origin, head, signer())
        return json_answer({"origin": origin, "size": head.size, "root": head.root.hex(), "note": signed})

    @routes.get("/keys")
    @requires(SCOPE)
    @refuses(routes)
    @routes.response(200, LedgerKeysSchema())
    def get_keys() -> Response:
        """Read the public keys of the checkpoints; keep them, and ask for them elsewhere too."""
        return json_answer({"origin": origin, "keys": checkpoint.verifier_keys(origin, signer().public)})


def _add_entries(routes: Blueprint) -> None:
    @routes.get("/entries")
    @requires(SCOPE)
    @refuses(routes, 404, 422)
    @routes.arguments(EntriesQuerySchema(), location="query")
    @routes.response(200, ProvedEntryPageSchema())
    @shows(Shows.LEDGER)
    def list_entries(wanted: dict[str, Any]) -> Response:
        """List the entries that concern you or that you made, newest first, each with its proof."""
        reader = caller()
        with _database().read() as session:
            size = store.head(session).size if wanted["size"] is None else wanted["size"]
            below = size if wanted["cursor"] is None else min(size, wanted["cursor"])
            kept = store.entries_of(session, _names(reader), below, wanted["limit"])
            proofs = store.inclusions(session, [each.n for each in kept], size)
            root = store.root_at(session, size)
        items = [{**_shown(each, reader), "proof": _hex(proofs[each.n])} for each in kept]
        following = str(kept[-1].n) if len(kept) == wanted["limit"] else None
        return json_answer({"size": size, "root": root.hex(), "items": items, "next": following})

    @routes.get("/entries/<int:n>")
    @requires(SCOPE)
    @refuses(routes, 404)
    @routes.response(200, LedgerEntrySchema())
    @shows(Shows.LEDGER)
    def get_entry(n: int) -> Response:
        """Read an entry by its number."""
        with _database().read() as session:
            return json_answer(_shown(store.entry(session, n), caller()))


def _add_proofs(routes: Blueprint) -> None:
    @routes.get("/proofs/inclusion")
    @requires(SCOPE)
    @refuses(routes, 404, 422)
    @routes.arguments(InclusionQuerySchema(), location="query")
    @routes.response(200, InclusionSchema())
    def get_inclusion(wanted: dict[str, Any]) -> Response:
        """Prove that an entry is in the ledger of a size."""
        number = wanted["n"]
        with _database().read() as session:
            size = store.head(session).size if wanted["size"] is None else wanted["size"]
            proof = store.inclusions(session, [number], size)[number]
            root, kept = store.root_at(session, size), store.entry(session, number)
        told = {"n": number, "size": size, "root": root.hex(), "hash": merkle.leaf_hash(kept.leaf).hex()}
        return json_answer({**told, "proof": _hex(proof)})

    @routes.get("/proofs/consistency")
    @requires(SCOPE)
    @refuses(routes, 404, 422)
    @routes.arguments(ConsistencyQuerySchema(), location="query")
    @routes.response(200, ConsistencySchema())
    def get_consistency(wanted: dict[str, Any]) -> Response:
        """Prove that the ledger of a size continues that of an earlier size."""
        old = wanted["old"]
        with _database().read() as session:
            new = store.head(session).size if wanted["new"] is None else wanted["new"]
            proof = store.consistency(session, old, new)
            roots = {"old_root": store.root_at(session, old).hex(), "new_root": store.root_at(session, new).hex()}
        return json_answer({"old": old, "new": new, **roots, "proof": _hex(proof)})


def _database() -> Database:
    found: Database = current_app.extensions["database"]
    return found


def _names(reader: Caller) -> set[str]:
    return {reader.client, *([reader.enterprise] if reader.role == "enterprise" and reader.enterprise else [])}


def _shown(kept: store.Kept, reader: Caller) -> dict[str, Any]:
    mine = kept.salt is not None and not _names(reader).isdisjoint({kept.subject, kept.actor, kept.grantee})
    return {
        "n": kept.n,
        "leaf": kept.leaf.decode(),
        "hash": merkle.leaf_hash(kept.leaf).hex(),
        "subject": kept.subject if mine else None,
        "actor": kept.actor if mine else None,
        "grantee": kept.grantee if mine else None,
        "salt": kept.salt.hex() if mine and kept.salt is not None else None,
    }


def _hex(proof: list[bytes]) -> list[str]:
    return [each.hex() for each in proof]
