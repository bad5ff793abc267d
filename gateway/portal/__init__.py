"""The web pages: a firm's portrait, an applicant's score with its reasons, the products that fit."""

from __future__ import annotations

from gateway.portal.door import Answer, Door, Visitor
from gateway.portal.web import make_portal

__all__ = ["Answer", "Door", "Visitor", "make_portal"]
