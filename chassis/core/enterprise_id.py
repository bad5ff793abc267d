"""How an enterprise is addressed: `uscc:…` or `local:…`; whether it exists only the profile service knows."""

from __future__ import annotations

import re
import unicodedata

from chassis.core.errors import Invalid

FORM = re.compile(r"(uscc:[0-9A-Z]{18}|local:[^\s:/?#%\x00-\x1f]{1,64})")
USCC_LENGTH = 18
# What nobody sees: control and format characters, blanks and line ends.
UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
# How a spreadsheet is told that a code is text: ="91…", '91….
MARKS = re.compile(r"""^(?:="|["'`‘’“”])+|["“”]+$""")


class NotAnEnterpriseId(Invalid):
    """The text addresses no enterprise."""


def enterprise_id(written: str) -> str:
    """Return the one form of an id; a bare 18-character code means `uscc`, any other bare code `local`.

    Full width, invisible characters and a spreadsheet's marks are no difference, as where data come in.

    >>> enterprise_id("９１350100m000100y43"), enterprise_id('="E17"')
    ('uscc:91350100M000100Y43', 'local:E17')
    """
    seen = unicodedata.normalize("NFKC", written)
    code = MARKS.sub("", "".join(each for each in seen if unicodedata.category(each) not in UNSEEN))
    scheme, separator, rest = code.partition(":")
    if separator:
        scheme, code = scheme.lower(), rest
    else:
        scheme = "uscc" if len(code) == USCC_LENGTH else "local"
    text = f"{scheme}:{code.upper() if scheme == 'uscc' else code}"
    # A code may be typed in groups; what stands apart in any other id is two things.
    if not FORM.fullmatch(text) or (scheme == "local" and len(written.split()) > 1):
        raise NotAnEnterpriseId(
            "An enterprise is written as uscc:<18 characters>, local:<code>, or a bare 18-character code."
        )
    return text
