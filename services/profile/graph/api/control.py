"""Ownership and control over HTTP: who owns and controls an enterprise, and its group with the path to each firm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response

from chassis.web.answers import json_answer
from chassis.web.caller import requires
from chassis.web.openapi import Blueprint, refuses
from services.profile.book.api.current import context
from services.profile.book.api.schemas import MomentSchema
from services.profile.book.domain.bods.outward import outward
from services.profile.book.domain.moment import Asked
from services.profile.graph.api.control_schemas import BodsStatementSchema, ControlGroupSchema, ControllersSchema
from services.profile.graph.domain.control.close_links import Link
from services.profile.graph.domain.control.group import Member
from services.profile.graph.domain.control.ties import Tie, Ties, is_enterprise
from services.profile.graph.domain.control.ultimate import Controller, Top
from services.profile.graph.usecases.export_relations import export_relations
from services.profile.graph.usecases.find_control import Around, Controllers, Owner, find_controllers, find_group
from services.profile.graph.usecases.open_ties import Tied
from services.profile.rights.api.reading import PURPOSE, marked, marks, reading
from services.profile.rights.domain.resource import Resource
from services.profile.standards.codes import enterprise_id

blueprint = Blueprint(
    "control", __name__, url_prefix="/v1/enterprises", description="Who owns and controls an enterprise, and its group"
)
MOST_OWNERS, MOST_CONTROLLERS, MOST_MEMBERS, MOST_LINKS, MOST_ODD = 50, 50, 200, 100, 50
# The same words whether there are such files or not.
NOT_LOOKED_AT = {
    "zh": "只查看了向您开放的档案；未授权的企业（如有）的股东和下属企业未予查看，相应份额可能偏低。",
    "en": "Only files that are open to you were looked at; what is above and below other firms, if any, was not, so "
    "that shares may be higher and groups larger.",
}


@blueprint.get("/<enterprise>/controllers")
@refuses(blueprint, 404, 422)
@requires("enterprises:read")
@blueprint.arguments(MomentSchema(), location="query")
@blueprint.response(200, ControllersSchema())
@blueprint.doc(parameters=[PURPOSE])
def get_controllers(moment: dict[str, Any], enterprise: str) -> Response:
    """Read who owns and controls an enterprise: integrated ownership, controllers, and who is at the top of it.

    Ties of another firm's file are followed where that file is open to the reader too; each that is leaves a record.
    """
    asked = reading(Resource.CONTROL, moment.get("as_of"))
    found = find_controllers(context(), asked, enterprise_id(enterprise), Asked(**moment))
    return json_answer(_controllers(found))


@blueprint.get("/<enterprise>/group")
@refuses(blueprint, 404, 422)
@requires("enterprises:read")
@blueprint.arguments(MomentSchema(), location="query")
@blueprint.response(200, ControlGroupSchema())
@blueprint.doc(parameters=[PURPOSE])
def get_group(moment: dict[str, Any], enterprise: str) -> Response:
    """Read the control group of an enterprise with the path that ties each firm, and its close links.

    Only firms whose files are open to the reader are told of, and each file that is looked at leaves a record.
    """
    asked = reading(Resource.CONTROL, moment.get("as_of"))
    found = find_group(context(), asked, enterprise_id(enterprise), Asked(**moment))
    return json_answer(_group(found))


@blueprint.get("/<enterprise>/relations.bods")
@refuses(blueprint, 404, 422)
@requires("enterprises:read")
@blueprint.arguments(MomentSchema(), location="query")
@blueprint.response(200, BodsStatementSchema(many=True))
@blueprint.doc(parameters=[PURPOSE])
def get_relations_as_bods(moment: dict[str, Any], enterprise: str) -> Response:
    """Export who owns and controls an enterprise as statements of BODS 0.4, as its file has it.

    Persons' names are not held: each goes out as an anonymous person whose identifier is a keyed hash. What the
    standard has no words for stays out. A dispute of the enterprise is a comment on its own statement.
    """
    asked = reading(Resource.CONTROL, moment.get("as_of"), part="bods")
    found = export_relations(context(), asked, enterprise_id(enterprise), Asked(**moment))
    disputed = [f"Disputed 异议: {mark['statement']}" for each in marks(found.file.permit).values() for mark in each]
    return json_answer(outward(found.subject, found.relations, disputed))


def _controllers(found: Controllers) -> dict[str, Any]:
    tied, every = found.tied, found.top.controllers
    out = max(0, len(found.owners) - MOST_OWNERS) + max(0, len(every) - MOST_CONTROLLERS)
    return _head(tied, found.top, out) | {
        "owners": [_owner(tied, one) for one in found.owners[:MOST_OWNERS]],
        "controllers": [_controller(tied, one) for one in every[:MOST_CONTROLLERS]],
        "accounted": {name: getattr(found.accounted, name) for name in ("opaque", "enterprises", "rest")},
    }


def _group(found: Around) -> dict[str, Any]:
    tied, members, links = found.tied, found.group.members, found.links
    out = max(0, len(members) - MOST_MEMBERS) + max(0, len(links) - MOST_LINKS)
    return _head(tied, found.top, out) | {
        "heads": [_party(tied, party) for party in found.group.heads],
        "members": [_member(one) for one in members[:MOST_MEMBERS]],
        "close_links": [_link(found, one) for one in links[:MOST_LINKS]],
    }


def _head(tied: Tied, at_the_top: Top, left_out: int) -> dict[str, Any]:
    """Show what both answers have; the marks are those of the firm itself; of others, that there are some."""
    file, odd = tied.file, [*_crowded(tied), *_odd(tied.ties)]
    moment = {"enterprise": file.enterprise, "as_of": file.facts.moment.as_of, "known_at": file.facts.known_at}
    others = tied.permit.only(set(tied.permit.enterprises) - {file.enterprise})
    return marked(file.permit, moment) | {
        "disputed": sorted(marks(others)),
        "odd": odd[:MOST_ODD],
        "not_looked_at": NOT_LOOKED_AT,
        "left_out": {
            "entries": left_out + max(0, len(odd) - MOST_ODD),
            "parties_not_asked": at_the_top.unasked,
            "files": tied.cut,
        },
    }


def _crowded(tied: Tied) -> Iterator[dict[str, Any]]:
    ties = {(tie.held, tie.holder): tie for tie in (*tied.ties.declared, *tied.ties.untold, *tied.ties.stakes)}
    for (held, holder), tie in sorted(ties.items()):
        if holder in tied.crowded:
            yield _oddity("crowded", held, holder=holder, own_word=tie.own_word)


def _odd(ties: Ties) -> Iterator[dict[str, Any]]:
    for held, total in ties.scaled.items():
        yield _oddity("more-than-whole", held, value=total)
    for held, share in ties.own_shares.items():
        yield _oddity("own-shares", held, value=share)
    for tie in ties.untold:
        yield _oddity("share-not-told", tie.held, holder=tie.holder, own_word=tie.own_word)
    for tie in ties.unspecified:
        yield _oddity("owner-unspecified", tie.held, reason=tie.holder, own_word=tie.own_word)


def _oddity(oddity: str, held: str, **told: Any) -> dict[str, Any]:
    return {"oddity": oddity, "held": held, **dict.fromkeys(("holder", "value", "reason", "own_word")), **told}


def _party(tied: Tied, party: str) -> dict[str, Any]:
    kind = "enterprise" if is_enterprise(party) else "opaque"
    return {"id": party, "kind": kind, "file_read": party in tied.permit}


def _hop(tie: Tie) -> Mapping[str, Any]:
    return {
        name: getattr(tie, name) for name in ("relation", "holder", "held", "share", "since", "own_word", "by_name")
    }


def _owner(tied: Tied, one: Owner) -> dict[str, Any]:
    path = [_hop(tie) for tie in one.path]
    shares = {name: getattr(one, name) for name in ("share", "confirmed", "direct")}
    return {"party": _party(tied, one.party), **shares, "path": path}


def _controller(tied: Tied, one: Controller) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in ("by_shares", "ultimate", "circular", "confirmed", "joint")}
    why = {"pooled": one.held.share, "declared": one.held.declared}
    return {"party": _party(tied, one.party), **why, **told, "path": [_hop(tie) for tie in one.path]}


def _member(one: Member) -> dict[str, Any]:
    why = {"pooled": one.held.share, "declared": one.held.declared, "confirmed": one.confirmed}
    return {"enterprise": one.enterprise, **why, "path": [_hop(tie) for tie in one.path]}


def _link(found: Around, one: Link) -> dict[str, Any]:
    third = None if one.third is None else _party(found.tied, one.third)
    shares = {"share": one.share, "third": third, "other_share": one.other_share}
    confirmed = (one.party, one.case, one.third) in found.confirmed
    return {"party": _party(found.tied, one.party), "case": str(one.case), **shares, "confirmed": confirmed}
