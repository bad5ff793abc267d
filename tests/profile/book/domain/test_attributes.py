"""What a source says of a firm is brought to the standards' codes, and what they do not know is a warning."""

from __future__ import annotations

from typing import Any

import pytest

from services.profile.book.domain.attributes import normalised, sized, warnings
from services.profile.book.domain.enterprise import Enterprise
from services.profile.book.usecases.enrol import merged

MEDIUM = {"employees": 300, "revenue_fen": 2000 * 1_000_000}


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ({"industry": "制造业", "region": "江苏省苏州市"}, {"industry": "C", "region": "320500"}),
        ({"industry": "13", "region": "32"}, {"industry": "C13", "region": "320000"}),
        ({"industry": "云计算", "region": "乌有市"}, {"industry": "云计算", "region": "乌有市"}),
    ],
)
def test_industry_and_region_are_kept_as_codes(said: dict[str, Any], codes: dict[str, Any]) -> None:
    """What the tables do not know stays as it was written: a warning, never a rejection."""
    assert normalised(said) == codes
    assert bool(list(warnings("local:1", said))) == (said == codes)


def test_the_size_class_comes_from_the_figures() -> None:
    """Also where industry and figures are said one after the other."""
    firm = merged(None, "local:1", {"industry": "C13"})
    assert firm.size_class is None
    assert merged(firm, "local:1", MEDIUM).size_class == "medium"


def test_a_stated_size_class_stays_and_a_contradiction_is_told() -> None:
    """The source is responsible for what it states; the figures speak beside it."""
    said = {"industry": "C13", "size_class": "micro", **MEDIUM}
    assert sized(Enterprise("local:1", **said), said).size_class == "micro"
    assert "figures give medium" in next(warnings("local:1", said))


def test_an_unknown_region_in_a_credit_code_is_a_warning() -> None:
    """Older than the oldest edition that we have."""
    assert "999999" in next(warnings("uscc:91999999M000100Y43", {}))
    assert list(warnings("uscc:91330103M000100Y43", {})) == []
