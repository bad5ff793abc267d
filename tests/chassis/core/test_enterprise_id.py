"""An enterprise is addressed in one form, however it was written."""

from __future__ import annotations

import marshmallow
import pytest

from chassis.core.enterprise_id import NotAnEnterpriseId, enterprise_id
from chassis.web.schemas import EnterpriseId, Schema
from services.profile.standards import codes

CODE = "91310115MA1K4B2X7Q"


@pytest.mark.parametrize("written", [CODE, CODE.lower(), f"uscc:{CODE}", f" uscc:{CODE.lower()} "])
def test_a_credit_code_has_one_form(written: str) -> None:
    """Else one firm of a batch would be two."""
    assert enterprise_id(written) == f"uscc:{CODE}"


def test_any_other_bare_code_is_local() -> None:
    """Its letters stay: a local code means what its source says."""
    assert enterprise_id("e17") == "local:e17"


@pytest.mark.parametrize(
    "written", ["", "local:", "uscc:123", "lei:529900T8BM49AURSDO55", "a b", "local:a/b", "x" * 65]
)
def test_what_addresses_no_enterprise_is_refused(written: str) -> None:
    """As a value, and in a request's body with the forms that are taken."""
    with pytest.raises(NotAnEnterpriseId):
        enterprise_id(written)
    with pytest.raises(marshmallow.ValidationError, match="uscc:<18 characters>"):
        Schema.from_dict({"enterprise": EnterpriseId()})().load({"enterprise": written})


@pytest.mark.parametrize(
    "written",
    [
        *("91350100M000100Y43", "９１３５０１００m000100y43", '="91350100M000100Y43"', "USCC:9135 0100 M000 100Y 43"),
        *("91350100M000100Y43\u200b", "'E17", "\ufeffE17", "ＬＯＣＡＬ：E17", "local:e17", "E 17", "a/b", "“E17”"),
    ],
)
def test_all_services_read_an_id_alike(written: str) -> None:
    """A batch of scores names firms as the files do that they came from."""
    try:
        said: str | None = codes.enterprise_id(written)
    except codes.NotAnEnterpriseId:
        said = None
    try:
        found: str | None = enterprise_id(written)
    except NotAnEnterpriseId:
        found = None
    assert found == said
