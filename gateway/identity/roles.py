"""The roles and the scopes of each, as data."""

from __future__ import annotations

from collections.abc import Mapping

BANK, ENTERPRISE, PLATFORM, BUYER, SOURCE, OPERATOR, SERVICE = (
    "bank",
    "enterprise",
    "platform",
    "buyer",
    "source",
    "operator",
    "service",
)

# `features:bulk` and `scores:soft` are what a score or a match reads on the way, in its caller's name: each firm
# in them still needs that caller's consent.
DEFAULT_SCOPES: Mapping[str, frozenset[str]] = {
    role: frozenset(scopes.split())
    for role, scopes in {
        BANK: "indices:read ledger:read notices:read alerts:write applications:write applications:read webhooks:write "
        "enterprises:read consents:read features:bulk scores:write scores:read scores:soft models:write "
        "models:read outcomes:write evaluations:write products:write products:read matches:write matches:read",
        ENTERPRISE: "indices:read ledger:read notices:read disputes:write disputes:read repairs:read alerts:write "
        "applications:write applications:read webhooks:write "
        "imports:write imports:read enterprises:read consents:write consents:read accesses:read "
        "features:bulk scores:read scores:soft products:read matches:write matches:read",
        PLATFORM: "indices:read ledger:read notices:read alerts:write applications:write applications:read "
        "webhooks:write "
        "enterprises:read consents:read features:bulk scores:soft products:read matches:write matches:read",
        # A buyer or its agency (采购人、招标代理机构): who bids at its tenders, and how suppliers have kept their word.
        BUYER: "indices:read ledger:read notices:read enterprises:read consents:read screens:write",
        SOURCE: "indices:read ledger:read notices:read repairs:write repairs:read imports:write imports:read "
        "enterprises:write enterprises:read",
        OPERATOR: "indices:read indices:write "
        "ledger:read notices:read disputes:read disputes:decide repairs:write repairs:read clients:write "
        "imports:write imports:read enterprises:write enterprises:read "
        "consents:read accesses:read features:bulk scores:read scores:soft models:write models:read models:approve "
        "evaluations:write products:write products:read matches:read measures:write measures:read "
        "overlays:write overlays:confirm book:write screens:write jobs:read jobs:write",
        SERVICE: "features:bulk scores:soft enterprises:read products:read",
    }.items()
}

# Who publishes products, which bear the name that the register has for it.
PUBLISHERS = frozenset(role for role, scopes in DEFAULT_SCOPES.items() if "products:write" in scopes)

# How a client says that it signs for itself (RFC 7523 section 2.2).
CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

# What a token can be for beside the whole suite: one process, which alone then takes it.
GATEWAY = "gateway"
AUDIENCES = (GATEWAY, "profile", "scoring", "matching")

# What a service may carry when it acts for the client that ordered its job: reading what the job needs, and
# nothing that a stolen service key could turn into new clients, consents or data.
ACTING_SCOPES = frozenset({"enterprises:read", "features:bulk", "scores:soft", "models:read", "products:read"})

# A service speaks for any client, so an operator's key alone must not be able to make one.
MADE_BY_COMMAND_ONLY = frozenset({SERVICE})

DEVELOPMENT_CLIENTS: Mapping[str, str] = {
    "bank-demo": BANK,
    "platform-demo": PLATFORM,
    "buyer-demo": BUYER,
    "source-demo": SOURCE,
    "operator-demo": OPERATOR,
    "scoring": SERVICE,
    "matching": SERVICE,
}
DEVELOPMENT_NAMES: Mapping[str, str] = {"bank-demo": "青禾示例银行 Qinghe Example Bank"}
