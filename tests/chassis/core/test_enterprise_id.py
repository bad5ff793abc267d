"""An enterprise is addressed in one form, however it was written."""

from __future__ import annotations

import marshmallow
import pytest

from chassis.core.enterprise_id import NotAnEnterpriseId, enterprise_id
from chassis.web.schemas import EnterpriseId, Schema

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
