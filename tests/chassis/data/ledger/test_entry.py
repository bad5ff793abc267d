"""A leaf is canonical JSON, whatever the entry says."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from chassis.data.ledger.entry import Entry, written

AT = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
words = st.text(st.characters(exclude_categories=["Cs"]))
facts = st.dictionaries(words, st.one_of(st.none(), words, st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1)))


@given(kind=words, said=facts)
def test_a_leaf_is_what_the_canonical_writer_makes_of_it(kind, said):
    """Control characters, names beyond ASCII, numbers: the bytes are those of RFC 8785."""
    leaf = written(Entry(kind, "local:E1", "bank", said, {"digest": "d", "none": None}), AT, b"salt")
    assert leaf == rfc8785.dumps(orjson.loads(leaf))
    assert {**said, "digest": None, "none": None}.keys() == orjson.loads(leaf)["facts"].keys()


def test_half_a_surrogate_pair_has_no_leaf():
    """What is no text is refused, not written in some way of its own."""
    with pytest.raises(rfc8785.CanonicalizationError):
        written(Entry("kind", None, None, {"fact": "\ud800"}), AT, b"salt")
