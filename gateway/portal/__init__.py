"""The web pages: a firm's portrait, an applicant's score with its reasons, the products that fit."""

from __future__ import annotations

from gateway.door.visitor import Answer, Ask, Visitor
from gateway.portal.door import Door
from gateway.portal.web import make_portal

__all__ = ["Answer", "Ask", "Door", "Visitor", "make_portal"]
