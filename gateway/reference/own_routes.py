"""The gateway's own routes as the public document tells them: tokens, their keys, the dictionary."""

from __future__ import annotations

from typing import Any

from gateway.identity.roles import AUDIENCES, CLIENT_ASSERTION

Document = dict[str, Any]

_TOKEN_FORM: Document = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"const": "client_credentials"},
        "scope": {"type": "string", "description": "Fewer scopes than the client has, separated by spaces"},
        "client_id": {"type": "string"},
        "client_assertion_type": {"type": "string", "enum": [CLIENT_ASSERTION]},
        "client_assertion": {"type": "string", "description": "The signed JWT, used once"},
        "audience": {"type": "string", "enum": list(AUDIENCES), "description": "The one service that it is for"},
        "client_secret": {"type": "string", "description": "One of the client's API keys"},
        "subject": {"type": "string", "description": "For services only: the client to act for"},
    },
}
_KEY_SET: Document = {
    "type": "object",
    "required": ["keys"],
    "properties": {
        "keys": {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "string"}}},
    },
}
_SUPPORTED = (
    *("scopes_supported", "response_types_supported", "grant_types_supported", "dpop_signing_alg_values_supported"),
    *("token_endpoint_auth_methods_supported", "token_endpoint_auth_signing_alg_values_supported"),
)
_METADATA: Document = {
    "type": "object",
    "required": ["issuer", "token_endpoint", "jwks_uri"],
    "properties": {
        **{name: {"type": "string"} for name in ("issuer", "token_endpoint", "jwks_uri", "service_documentation")},
        **{name: {"type": "array", "items": {"type": "string"}} for name in _SUPPORTED},
    },
}
_TOKEN_ANSWER: Document = {
    "type": "object",
    "required": ["access_token", "token_type", "expires_in", "scope"],
    "properties": {
        "access_token": {"type": "string"},
        "token_type": {"type": "string", "enum": ["Bearer", "DPoP"], "description": "DPoP: it is bound to a key"},
        "expires_in": {"type": "integer", "description": "Seconds"},
        "scope": {"type": "string"},
    },
}
_OAUTH_ERROR: Document = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
}

_TEXT: Document = {"type": "string"}
_ENTRY: Document = {
    "type": "object",
    "required": ["service", "schema", "field", "title", "unit", "source"],
    "properties": {
        **dict.fromkeys(("service", "schema", "field", "source"), _TEXT),
        "title": {"type": "object", "properties": {"zh": _TEXT, "en": _TEXT}},
        "unit": {"type": ["string", "null"]},
    },
}
_DICTIONARY: Document = {
    "type": "object",
    "properties": {
        "fields": {"type": "array", "items": _ENTRY},
        "missing_services": {"type": "array", "items": _TEXT},
    },
}


def _json(description: str, schema: Document) -> Document:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


# What everything may be refused with: a request that is none of HTTP, one too many, a crash.
_PROBLEM: Document = {"application/problem+json": {"schema": {"type": "object", "required": ["type", "status"]}}}
_DEFAULT: Document = {"default": {"description": "A problem (RFC 9457)", "content": _PROBLEM}}


def _or_problem(answer: Document) -> Document:
    """Say of an answer that a problem may stand in its place."""
    return {**answer, "content": {**answer["content"], **_PROBLEM}}


OWN_PATHS: Document = {
    "/oauth/token": {
        "post": {
            "tags": ["tokens"],
            "summary": "Get a token for an API key or a signed assertion.",
            "description": "Client credentials (RFC 6749 section 4.4): the client id and an API key by HTTP Basic or "
            "form, or an assertion that the client signs with a registered key (`private_key_jwt`, RFC 7523: ES256, "
            "`iss` = `sub` = client, `aud` = this endpoint or the issuer, `exp` at most 300 s ahead, a fresh `jti`). "
            "Tokens live 5 minutes. With a proof in `DPoP` (RFC 9449) the token is bound to its key, and opens nothing "
            "without a fresh proof for each request.",
            "security": [],
            "parameters": [
                {
                    "name": "DPoP",
                    "in": "header",
                    "schema": {"type": "string"},
                    "description": "A proof of the key that the token is to be bound to",
                }
            ],
            "requestBody": {
                "required": True,
                "content": {"application/x-www-form-urlencoded": {"schema": _TOKEN_FORM}},
            },
            "responses": {
                "200": _json("A token", _TOKEN_ANSWER),
                "400": _or_problem(_json("Why there is none (RFC 6749 section 5.2)", _OAUTH_ERROR)),
                "401": _json("The client or its key is unknown or disabled", _OAUTH_ERROR),
                **_DEFAULT,
            },
        }
    },
    "/.well-known/oauth-authorization-server": {
        "get": {
            "tags": ["tokens"],
            "summary": "Get what this authorisation server takes (RFC 8414).",
            "security": [],
            "responses": {"200": _json("Metadata of the authorisation server", _METADATA), **_DEFAULT},
        }
    },
    "/v1/dictionary": {
        "get": {
            "tags": ["book"],
            "summary": "Read the data dictionary: every field of every answer, with titles, unit and source.",
            "security": [],
            "responses": {"200": _json("The data dictionary 数据字典", _DICTIONARY), **_DEFAULT},
        }
    },
    "/.well-known/jwks.json": {
        "get": {
            "tags": ["tokens"],
            "summary": "Get the public keys of the tokens.",
            "security": [],
            "responses": {"200": _json("A JSON Web Key Set (RFC 7517)", _KEY_SET), **_DEFAULT},
        }
    },
}
