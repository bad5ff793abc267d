"""How an enterprise is addressed: a scheme and a code; the unified social credit code (GB 32100-2015)."""

from __future__ import annotations

import re

from chassis.core.errors import Invalid
from services.profile.standards.spelling import identifier

SCHEMES = ("uscc", "local")
# GB 32100-2015: 31 characters, without I O S V Z; a character's value is its place.
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_FORM = re.compile(r"[0-9ANY][0-9A-HJ-NP-RTUWXY][0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}")
USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
# GB 11714: the organisation body, digits as they are, A=10 … Z=35.
BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
# GB 11643: six digits of a region, the day of birth, a serial, and a check character (ISO 7064, MOD 11-2).
RESIDENT_FORM = re.compile(
    r"[1-8]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]|[1-8]\d{2,5}\*{6,}[\dX]{0,4}"
)
# A registered business's credit code with a character too few or too many.
MISTYPED_FORM = re.compile(r"9[123][0-9]{6}(?:[0-9A-HJ-NP-RTUWXY]{9}|[0-9A-HJ-NP-RTUWXY]{11})")
LOCAL_FORM = re.compile(r"[^\s:/?#%\x00-\x1f]{1,64}")


class NotAnEnterpriseId(Invalid):
    """The text is no enterprise id, or its check characters do not agree."""


def enterprise_id(written: str) -> str:
    """Return the id in its one form, `scheme:code`; a bare 18-character code means `uscc`, any other bare code `local`.

    Raises `NotAnEnterpriseId` with what is wrong.
    """
    text = identifier(written)
    scheme, separator, code = text.partition(":")
    if not separator:
        scheme, code = ("uscc" if len(text) == 18 else "local"), text
    elif scheme.lower() in SCHEMES:
        scheme = scheme.lower()
    if not separator and MISTYPED_FORM.fullmatch(code.upper()):
        raise NotAnEnterpriseId(
            f"A credit code has 18 characters, this has {len(code)}; a code of your own is written as local:<code>. "
            f"/ 统一社会信用代码应为 18 位，此处为 {len(code)} 位；如为自编代号，请写作 local:代号。"
        )
    if scheme == "uscc":
        wrong = uscc_fault(code.upper())
        if wrong:
            raise NotAnEnterpriseId(f"The credit code is not valid: {wrong}. / 统一社会信用代码有误，请核对。")
        return f"uscc:{code.upper()}"
    # A code may be typed in groups; what stands apart in any other id is two things.
    if scheme != "local" or not LOCAL_FORM.fullmatch(code) or len(written.split()) > 1:
        raise NotAnEnterpriseId(
            "An enterprise is written as uscc:<18 characters>, local:<code>, or a bare 18-character code; "
            "a code has at most 64 characters and no spaces, colons or slashes. "
            "/ 企业请写作 uscc:18位代码、local:代号，或直接写 18 位统一社会信用代码。"
        )
    return f"local:{code}"


def uscc_fault(code: str) -> str | None:
    """Return what is wrong with an 18-character unified social credit code, None where nothing is."""
    if not USCC_FORM.fullmatch(code):
        return "it needs 18 characters of 0-9 and A-Y without I, O, S, V, Z, with six digits for the region"
    if body_check(code[8:16]) != code[16]:
        return "the check character of the organisation body (place 17) does not agree"
    if uscc_check(code[:17]) != code[17]:
        return "the check character (place 18) does not agree"
    return None


def uscc_check(first: str) -> str:
    """Return the 18th character of a code from its first 17 (GB 32100-2015)."""
    total = sum(USCC_ALPHABET.index(sign) * weight for sign, weight in zip(first, USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[(31 - total % 31) % 31]


def body_check(body: str) -> str:
    """Return the check character of an eight-character organisation body (GB 11714): 10 is X, 11 is 0."""
    rest = 11 - sum(int(sign, 36) * weight for sign, weight in zip(body, BODY_WEIGHTS, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def is_resident(code: str) -> bool:
    """Tell whether a code is a citizen's identity number (GB 11643) and no credit code.

    One that was mistyped, or of which stars hide a part, is a person's all the same: its check character tells nothing.

    >>> is_resident("11010519491231002X"), is_resident("110105194912310020"), is_resident("110105********002X")
    (True, True, True)
    >>> is_resident("91350100M000100Y43")
    False
    """
    return RESIDENT_FORM.fullmatch(code.upper()) is not None and uscc_fault(code.upper()) is not None
