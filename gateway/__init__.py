"""The one public door: identity, limits, routing, the portal."""
