"""What goes over the wire of ownership and control."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import TextSchema
from services.profile.graph.domain.control.close_links import Case
from services.profile.rights.api.schemas import marks

SHARE = {"description": "A share, 0 to 1"}


class TiePartySchema(Schema):
    """An enterprise by its id, or what is held as a keyed hash: equal or not, and never read.

    Such an `opaque` party is a person, or one that its source names without a code. `file_read` tells whether what is
    above and below it was looked at in its own file.
    """

    id = fields.String()
    kind = fields.String(validate=validate.OneOf(["enterprise", "opaque"]))
    file_read = fields.Boolean()


class TieHopSchema(Schema):
    """One tie of a path: `holder` holds a share of `held`, or is declared to control it.

    `own_word` tells that nobody but the held firm says so, `by_name` that the source names the holder without a code:
    it is the one firm of that name which you may list.
    """

    relation = fields.String(validate=validate.OneOf(["shareholder", "controller", "unspecified"]))
    holder = fields.String()
    held = fields.String()
    share = fields.Float(allow_none=True, metadata=SHARE)
    since = fields.Date(allow_none=True)
    own_word = fields.Boolean()
    by_name = fields.Boolean()


def path() -> fields.List[object]:
    """Return the field of a path, from the holder down."""
    return fields.List(fields.Nested(TieHopSchema()), metadata={"description": "The shortest path, from above down"})


class OwnerSchema(Schema):
    """How much of the enterprise a party owns: integrated, through all chains and rings; `direct` is part of it.

    `confirmed` is the share without what firms say of themselves.
    """

    party = fields.Nested(TiePartySchema())
    share = fields.Float(metadata=SHARE)
    confirmed = fields.Float(metadata=SHARE)
    direct = fields.Float(allow_none=True, metadata=SHARE)
    path = path()


class ControllerSchema(Schema):
    """A party that controls the enterprise, and by what.

    `pooled` is what it and those that it controls hold together. `by_shares`: these alone suffice; `declared`: a source
    says so. `ultimate`: nobody known controls it; `circular`: only firms that it controls. `confirmed`: also without
    what firms say of themselves. `joint`: another is declared beside it.
    """

    party = fields.Nested(TiePartySchema())
    pooled = fields.Float(metadata=SHARE)
    by_shares = fields.Boolean()
    declared = fields.Boolean()
    ultimate = fields.Boolean()
    circular = fields.Boolean()
    confirmed = fields.Boolean()
    joint = fields.Boolean()
    path = path()


class AccountedSchema(Schema):
    """Whose the enterprise is in the end: of opaque parties, of enterprises at the top, and what is not told."""

    opaque = fields.Float(metadata=SHARE)
    enterprises = fields.Float(metadata=SHARE)
    rest = fields.Float(metadata=SHARE)


class OddTieSchema(Schema):
    """What is odd about the ties of a firm, as it was dealt with.

    `more-than-whole`: its shares add up to `value` and were scaled to 1. `own-shares`: it holds `value` of itself,
    which counts for nobody. `share-not-told`: the stake of `holder` counts for nothing. `owner-unspecified`: the
    firm's source says that no owner can be named, for a `reason`. `crowded`: ten firms of the book or more name the
    `holder`, mostly by name alone, so that it may be several persons: what else they hold was not looked at.
    """

    oddity = fields.String(
        validate=validate.OneOf(["crowded", "more-than-whole", "own-shares", "share-not-told", "owner-unspecified"])
    )
    held = fields.String()
    holder = fields.String(allow_none=True)
    value = fields.Float(allow_none=True)
    reason = fields.String(allow_none=True)
    own_word = fields.Boolean(allow_none=True)


class ControlLeftOutSchema(Schema):
    """How many entries the answer's lists leave out, and whether there were more files than are opened for one."""

    entries = fields.Integer()
    parties_not_asked = fields.Integer()
    files = fields.Boolean()


class ControlAnswerSchema(Schema):
    """What both answers have: the moment, the marks, and what was not looked at."""

    disputes = marks()
    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    disputed = fields.List(
        fields.String(),
        metadata={"description": "Firms whose files were read beside this one and that dispute some of it"},
    )
    odd = fields.List(fields.Nested(OddTieSchema()))
    not_looked_at = fields.Nested(TextSchema())
    left_out = fields.Nested(ControlLeftOutSchema())


class ControllersSchema(ControlAnswerSchema):
    """Who owns an enterprise, who controls it, and whose it is in the end."""

    owners = fields.List(fields.Nested(OwnerSchema()))
    controllers = fields.List(fields.Nested(ControllerSchema()))
    accounted = fields.Nested(AccountedSchema())


class GroupMemberSchema(Schema):
    """A firm of the group, why it belongs to it, and the path from a head; as in a controller."""

    enterprise = fields.String()
    pooled = fields.Float(metadata=SHARE)
    declared = fields.Boolean()
    confirmed = fields.Boolean()
    path = path()


class CloseLinkSchema(Schema):
    """Another party of which the enterprise owns a fifth, or that owns a fifth of it, or a `third` a fifth of both.

    `share` is what one owns of the other; with a third, what the third owns of the enterprise, and `other_share` what
    it owns of the other. `confirmed`: also without what firms say of themselves.
    """

    party = fields.Nested(TiePartySchema())
    case = fields.String(validate=validate.OneOf(list(Case)))
    share = fields.Float(metadata=SHARE)
    third = fields.Nested(TiePartySchema(), allow_none=True)
    other_share = fields.Float(allow_none=True, metadata=SHARE)
    confirmed = fields.Boolean()


class ControlGroupSchema(ControlAnswerSchema):
    """The control group of an enterprise: its heads, its firms with the path that ties each, and the close links."""

    heads = fields.List(fields.Nested(TiePartySchema()))
    members = fields.List(fields.Nested(GroupMemberSchema()))
    close_links = fields.List(fields.Nested(CloseLinkSchema()))


class BodsStatementSchema(Schema):
    """A statement of the Beneficial Ownership Data Standard 0.4, about an entity, a person or a relationship.

    https://standard.openownership.org/en/0.4.0/standard/reference.html
    """

    statementId = fields.String()  # noqa: N815
    declarationSubject = fields.String()  # noqa: N815
    statementDate = fields.Date()  # noqa: N815
    publicationDetails = fields.Dict(keys=fields.String())  # noqa: N815
    source = fields.Dict(keys=fields.String())
    recordId = fields.String()  # noqa: N815
    recordStatus = fields.String(validate=validate.OneOf(["new", "updated", "closed"]))  # noqa: N815
    recordType = fields.String(validate=validate.OneOf(["entity", "person", "relationship"]))  # noqa: N815
    recordDetails = fields.Dict(keys=fields.String())  # noqa: N815
    annotations = fields.List(fields.Dict(keys=fields.String()))
