"""The screen of bidders over HTTP: a tender's bidders in, ties between them out."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, refuses
from services.profile.book.api.current import context
from services.profile.book.domain.moment import Asked
from services.profile.rights.api.reading import PURPOSE, marks, reading
from services.profile.rights.domain.resource import Resource
from services.profile.supervision.api.screen_schemas import BidderScreenSchema, ScreenOrderSchema
from services.profile.supervision.api.screen_shown import shown
from services.profile.supervision.domain.screen.auction import Auction, Bid, ImpossibleAuction, auction, in_order
from services.profile.supervision.domain.screen.screening import Tender
from services.profile.supervision.domain.screen.ties import DOCUMENT_SIGNS
from services.profile.supervision.usecases.screen_bidders import enter, screen_bidders

blueprint = Blueprint(
    "bidder-screens", __name__, url_prefix="/v1/bidder-screens", description="Bidders who belong together: hints"
)
# Five thousand past auctions of ten bids each.
LARGEST_ORDER = 20 << 20


@blueprint.before_request
def _allow_long_lists() -> None:
    request.max_content_length = LARGEST_ORDER


@blueprint.post("")
@refuses(blueprint, 422)
@requires("screens:write")
@blueprint.arguments(ScreenOrderSchema())
@blueprint.response(200, BidderScreenSchema())
@blueprint.doc(parameters=[PURPOSE])
def post_bidder_screen(order: dict[str, Any]) -> Response:
    """Screen the bidders of a tender: what ties them by files, documents, past auctions and prices.

    Files are read for `procurement` or `supervision` where a bidder's consent is live, and each such read is recorded
    with the bidder; of the others what you state is looked at alone. The answer is stored nowhere: its digest is in the
    ledger.
    """
    tender, by = _tender(order), reading(Resource.BIDDER_SCREEN, order["as_of"])
    done = screen_bidders(context(), by, tender, Asked(order["as_of"], order["known_at"]))
    answer = shown(done, tender.bidders, {} if done.permit is None else marks(done.permit))
    return json_answer(answer | {"receipt": enter(context(), caller(), done.id, by.purpose, answer)})


def _tender(order: dict[str, Any]) -> Tender:
    bidders = tuple(each["enterprise"] for each in order["bidders"])
    if len(set(bidders)) < len(bidders):
        twice = next(name for name in bidders if bidders.count(name) > 1)
        raise ImpossibleAuction(f"{twice} stands twice among `bidders`; list each bidder once.", bidder=twice)
    papers = {each["enterprise"]: {sign: each[sign] for sign in DOCUMENT_SIGNS} for each in order["bidders"]}
    bids = _bids(order["bids"])
    present = auction("of the tender", bids, reserve_fen=order["reserve_fen"]) if bids else None
    past = in_order([_past(each) for each in order["past"]])
    return Tender(bidders, present, past, papers, _elsewhere(order))


def _elsewhere(order: dict[str, Any]) -> dict[int, int]:
    sizes = [each["bids"] for each in order["elsewhere"]]
    if len(set(sizes)) < len(sizes):
        twice = next(size for size in sizes if sizes.count(size) > 1)
        raise ImpossibleAuction(f"`elsewhere` tells auctions of {twice} bids twice; add them up.", bids=twice)
    return {each["bids"]: each["auctions"] for each in order["elsewhere"]}


def _past(said: dict[str, Any]) -> Auction:
    same = {name: said[name] for name in ("day", "winner", "reserve_fen")}
    return auction(said["auction"], _bids(said["bids"]), **same)


def _bids(said: list[dict[str, Any]]) -> list[Bid]:
    return [Bid(each["bidder"], each["amount_fen"]) for each in said]
