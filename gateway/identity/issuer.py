"""Who this suite is to its clients: the address that assertions, proofs and the discovery document name (RFC 8414)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chassis.core.errors import NotFound
from gateway.identity.roles import DEFAULT_SCOPES

TOKEN_PATH, KEYS_PATH = "/oauth/token", "/.well-known/jwks.json"
METADATA_PATH = "/.well-known/oauth-authorization-server"
# What nothing that a client signs can name.
NOWHERE = "the value of GATEWAY_TOKEN_URL"


@dataclass(frozen=True, slots=True)
class Issuer:
    """The address that clients know us by, from the public address of the token endpoint.

    A request names its own host, so in production only the setting counts: else what was signed for another server
    would open this one. Without the setting nothing that a client signs is for us.
    """

    token_url: str | None = None
    production: bool = False

    def address(self, asked: str) -> str:
        """Return the address, without a slash at its end; `asked` is the root that the request under way names."""
        if self.token_url is not None:
            return self.token_url.removesuffix(TOKEN_PATH)
        return NOWHERE if self.production else asked.rstrip("/")

    def token_endpoint(self, asked: str) -> str:
        """Return the address of the token endpoint."""
        address = self.address(asked)
        return NOWHERE if address == NOWHERE else address + TOKEN_PATH

    def metadata(self, asked: str) -> dict[str, Any]:
        """Return the discovery document (RFC 8414 section 2); raise `NotFound` where nobody said who we are."""
        address = self.address(asked)
        if address == NOWHERE:
            raise NotFound("This installation has not said at which address it is known. Operator: GATEWAY_TOKEN_URL.")
        return {
            "issuer": address,
            "token_endpoint": address + TOKEN_PATH,
            "jwks_uri": address + KEYS_PATH,
            "scopes_supported": sorted(frozenset().union(*DEFAULT_SCOPES.values())),
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic", "client_secret_post"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
            "dpop_signing_alg_values_supported": ["ES256"],
            "service_documentation": f"{address}/docs",
        }
