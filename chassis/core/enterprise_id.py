"""How an enterprise is addressed: `uscc:…` or `local:…`; whether it exists only the profile service knows."""

from __future__ import annotations

import re

from chassis.core.errors import Invalid

FORM = re.compile(r"(uscc:[0-9A-Z]{18}|local:[^\s:/?#%\x00-\x1f]{1,64})")
USCC_LENGTH = 18


class NotAnEnterpriseId(Invalid):
    """The text addresses no enterprise."""


def enterprise_id(written: str) -> str:
    """Return the one form of an id; a bare 18-character code means `uscc`, any other bare code `local`."""
    text = written.strip()
    if ":" not in text:
        text = f"uscc:{text}" if len(text) == USCC_LENGTH else f"local:{text}"
    if text.startswith("uscc:"):
        text = f"uscc:{text[5:].upper()}"
    if not FORM.fullmatch(text):
        raise NotAnEnterpriseId(
            "An enterprise is written as uscc:<18 characters>, local:<code>, or a bare 18-character code."
        )
    return text
