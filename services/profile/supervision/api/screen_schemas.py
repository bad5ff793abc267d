"""What goes over the wire of the screen of bidders."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import MOMENT, EnterpriseId, TextSchema
from services.profile.rights.api.schemas import marks
from services.profile.standards.codes import NotAnEnterpriseId, enterprise_id
from services.profile.supervision.domain.screen.groups import LEVELS
from services.profile.supervision.domain.screen.sign import signs

# Tenders of works draw more than a hundred bidders; past ones are cheap to look at, whoever bid there.
MOST_BIDDERS, MOST_BIDS, MOST_AUCTIONS, MOST_WORDS, LONGEST = 120, 500, 5000, 20, 128
MOST_ELSEWHERE = 10_000_000
# Whole fen that JSON numbers hold exactly.
FEN = validate.Range(1, 2**53 - 1)
LEVEL = validate.OneOf([word for _, word in LEVELS])
EFFECTS = ("barred", "is", "counts-as")


class BidderName(fields.String):
    """A bidder as a buyer knows it: an enterprise id, brought to its one form, or a name of the buyer's own."""

    def _deserialize(self, value: object, *args: object, **kwargs: object) -> str:
        text = str(super()._deserialize(value, *args, **kwargs)).strip()
        try:
            return enterprise_id(text)
        except NotAnEnterpriseId:
            return text


def _words(what: str) -> fields.List[Any]:
    word = fields.String(validate=validate.Length(1, LONGEST))
    return fields.List(
        word, load_default=list, validate=validate.Length(max=MOST_WORDS), metadata={"description": what}
    )


class ListedBidderSchema(Schema):
    """A bidder of the tender, with what its documents show; compared for equality, and kept nowhere."""

    enterprise = EnterpriseId(required=True)
    prepared_by = _words("Who prepared the documents, as their metadata or their hand shows")
    agent = _words("Who handles the tender for the bidder")
    managers = _words("Members of project management, and contacts, that the documents name")
    deposit_from = _words("From whose account the deposit was paid")


class BidSchema(Schema):
    """What a bidder offers."""

    bidder = BidderName(required=True, validate=validate.Length(1, LONGEST))
    amount_fen = fields.Integer(required=True, strict=True, validate=FEN)


class PastAuctionSchema(Schema):
    """A past auction that the buyer knows of: of one trade and region they say the most."""

    auction = fields.String(required=True, validate=validate.Length(1, LONGEST))
    day = fields.Date(load_default=None, allow_none=True)
    reserve_fen = fields.Integer(load_default=None, allow_none=True, strict=True, validate=FEN)
    winner = BidderName(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, LONGEST),
        metadata={"description": "The one lowest bidder unless given"},
    )
    bids = fields.List(fields.Nested(BidSchema()), required=True, validate=validate.Length(1, MOST_BIDS))


class ElsewhereSchema(Schema):
    """Past auctions in which none of the bidders was: of so many bids, how many auctions."""

    bids = fields.Integer(required=True, strict=True, validate=validate.Range(1, MOST_BIDS))
    auctions = fields.Integer(required=True, strict=True, validate=validate.Range(1, MOST_ELSEWHERE))


class ScreenOrderSchema(Schema):
    """Bidders to be screened, this tender's bids where they are open, and past auctions."""

    bidders = fields.List(fields.Nested(ListedBidderSchema()), required=True, validate=validate.Length(2, MOST_BIDDERS))
    bids = fields.List(fields.Nested(BidSchema()), load_default=list, validate=validate.Length(max=MOST_BIDDERS))
    reserve_fen = fields.Integer(load_default=None, allow_none=True, strict=True, validate=FEN)
    past = fields.List(
        fields.Nested(PastAuctionSchema()),
        load_default=list,
        validate=validate.Length(max=MOST_AUCTIONS),
        metadata={"description": "Those after `as_of` do not count; only those matter in which one of the bidders was"},
    )
    elsewhere = fields.List(
        fields.Nested(ElsewhereSchema()),
        load_default=list,
        validate=validate.Length(max=MOST_BIDS),
        metadata={
            "description": "Past auctions without any of the bidders, by their size: the same answer as if each stood "
            "in `past`, without telling who bid what there"
        },
    )
    as_of = fields.Date(load_default=None, allow_none=True)
    known_at = fields.AwareDateTime(load_default=None, allow_none=True, validate=MOMENT)


class ScreenedBidderSchema(Schema):
    """A bidder as it was screened; where its file was not looked at, that alone says nothing for or against it."""

    enterprise = fields.String()
    looked_at = fields.Boolean()
    group = fields.Integer(allow_none=True, metadata={"description": "Its place in `groups`, from 0"})
    disputes = marks()


class SignLikelihoodSchema(Schema):
    """How many times as often a sign shows among those who belong together as among others: with its 95 % interval."""

    ratio = fields.Float()
    low = fields.Float()
    high = fields.Float()
    counted_on = fields.String()
    synthetic = fields.Boolean(metadata={"description": "Counted on made-up groups, so that it is an assumption"})


class TieRecordSchema(Schema):
    """A record of an open file that a tie rests on; its firm disputes it by this name."""

    of = fields.String(metadata={"description": "Whose file it is in"})
    record = fields.String()
    relation = fields.String()
    since = fields.Date(allow_none=True)
    until = fields.Date(allow_none=True)
    own_word = fields.Boolean(metadata={"description": "The firm itself says so, and nobody else"})
    disputed = fields.Boolean()


class ScreenRuleSchema(Schema):
    """A rule of law that speaks of a sign and is in force on the day."""

    rule = fields.String()
    law = fields.String()
    article = fields.String()
    effect = fields.String(validate=validate.OneOf(EFFECTS))
    title = fields.Nested(TextSchema())


class BidderFindingSchema(Schema):
    """One sign of some bidders; it has a likelihood, a chance, or both."""

    sign = fields.String(validate=validate.OneOf(list(signs())))
    title = fields.Nested(TextSchema())
    family = fields.String()
    bidders = fields.List(fields.String())
    likelihood = fields.Nested(SignLikelihoodSchema(), allow_none=True)
    p_value = fields.Float(allow_none=True, metadata={"description": "How often chance alone shows as much"})
    facts = fields.Dict(keys=fields.String(), values=fields.Raw())
    records = fields.List(fields.Nested(TieRecordSchema()))
    auctions = fields.List(fields.String())
    crowded = fields.Boolean(metadata={"description": "Ten firms of the book or more share the party too"})
    ended = fields.Boolean()
    rules = fields.List(fields.Nested(ScreenRuleSchema()))


class BidderPairSchema(Schema):
    """Two bidders and the likelihood ratio of all that ties them: of each family the strongest sign, multiplied."""

    bidders = fields.List(fields.String())
    ratio = fields.Float()
    level = fields.String(validate=LEVEL)


class BidderPathSchema(Schema):
    """How two members of a group are tied: each bidder on the way is tied to the next."""

    bidders = fields.List(fields.String())
    weakest = fields.Float(metadata={"description": "The least likelihood ratio on the way"})


class BidderGroupSchema(Schema):
    """Bidders who hang together by pairs of at least `joins`."""

    bidders = fields.List(fields.String())
    level = fields.String(
        validate=LEVEL, metadata={"description": "The word for the weakest likelihood ratio that holds it together"}
    )
    paths = fields.List(fields.Nested(BidderPathSchema()))


class ScreenReceiptSchema(Schema):
    """The answer without this receipt, as canonical JSON (RFC 8785), has this digest; the ledger holds it sealed."""

    answer_sha256 = fields.String()
    ledger_entry = fields.Integer()


class ScreenPastSchema(Schema):
    """Which past auctions counted: how many, how many of them without a day, how many are left out as after `as_of`."""

    auctions = fields.Integer()
    undated = fields.Integer()
    later = fields.Integer()


class ScreenLeftOutSchema(Schema):
    """How much of each list is beyond its cap."""

    findings = fields.Integer()
    pairs = fields.Integer()


class BidderScreenSchema(Schema):
    """A screen of bidders: hints, not verdicts. It is stored nowhere; keep the answer with the tender's papers."""

    id = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    notice = fields.Nested(TextSchema())
    bidders = fields.List(fields.Nested(ScreenedBidderSchema()))
    not_looked_at = fields.Integer()
    consent = fields.Nested(TextSchema(), allow_none=True)
    past = fields.Nested(ScreenPastSchema())
    joins = fields.Float(metadata={"description": "The likelihood ratio from which a pair joins a group"})
    groups = fields.List(fields.Nested(BidderGroupSchema()))
    pairs = fields.List(fields.Nested(BidderPairSchema()))
    findings = fields.List(fields.Nested(BidderFindingSchema()))
    left_out = fields.Nested(ScreenLeftOutSchema())
    receipt = fields.Nested(ScreenReceiptSchema())
