"""The gateway's own routes: clients and keys, tokens, the merged OpenAPI and its page."""
