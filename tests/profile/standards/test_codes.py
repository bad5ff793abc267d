"""Unified social credit codes: python-stdnum as the oracle of character 18, and what the two checks together detect.

`python -m tests.profile.standards.test_codes` prints the detection rates of docs/standards.md.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.standards.codes import USCC_ALPHABET, body_check, uscc_check, uscc_fault

VALID = ("91350100M000100Y43", "91110108551385082Q", "91110000600037341L", "11320000MB151840XJ")
HEADS = ("91", "92", "93", "11", "12", "51", "A1", "N1", "Y1")


def generated(count: int, seed: int) -> Iterator[str]:
    """Give the valid codes of the standard, then invented ones with both check characters right."""
    rng = random.Random(seed)
    yield from VALID
    for _ in range(count):
        body = "".join(rng.choices(USCC_ALPHABET, k=8))
        first = rng.choice(HEADS) + f"{rng.randrange(10**6):06}" + body
        first += body_check(body)
        yield first + uscc_check(first)


def substitutions(code: str) -> Iterator[str]:
    """Give every code that differs in one character."""
    for place, was in enumerate(code):
        yield from (code[:place] + sign + code[place + 1 :] for sign in USCC_ALPHABET if sign != was)


def transpositions(code: str) -> Iterator[str]:
    """Give every code with two neighbours of different value exchanged."""
    for place in range(17):
        if code[place] != code[place + 1]:
            yield code[:place] + code[place + 1] + code[place] + code[place + 2 :]


def detection(count: int, seed: int) -> dict[str, tuple[int, int]]:
    """Return how many of the errors of each kind were made and how many the checks found."""
    found = {"substitution": [0, 0], "transposition": [0, 0]}
    for code in generated(count, seed):
        for kind, wrong in (("substitution", substitutions(code)), ("transposition", transpositions(code))):
            faults = [uscc_fault(each) is not None for each in wrong]
            found[kind][0] += len(faults)
            found[kind][1] += sum(faults)
    return {kind: (made, caught) for kind, (made, caught) in found.items()}


def test_every_single_error_is_found() -> None:
    """Every substitution and every exchange of neighbours, over the vectors and 200 generated codes."""
    for made, caught in detection(200, seed=1).values():
        assert made == caught > 0


@given(st.text(USCC_ALPHABET, min_size=17, max_size=17))
def test_character_18_is_that_of_an_independent_implementation(first: str) -> None:
    """python-stdnum computes it from the standard too."""
    oracle = pytest.importorskip("stdnum.cn.uscc", reason="pip install python-stdnum")
    assert uscc_check(first) == oracle.calc_check_digit(first)


@pytest.mark.parametrize("code", VALID)
def test_the_oracle_takes_the_valid_codes(code: str) -> None:
    """And refuses the example that is often shown and is not valid."""
    oracle = pytest.importorskip("stdnum.cn.uscc", reason="pip install python-stdnum")
    assert oracle.is_valid(code)
    assert not oracle.is_valid("91310115MA1H8R7C6D")


@pytest.mark.parametrize("head", ["A1", "N1", "Y1"])
def test_a_leading_letter_is_legal(head: str) -> None:
    """The oracle refuses it, so it is no oracle for the form."""
    body = "MA000000"
    first = f"{head}110000{body}{body_check(body)}"
    assert uscc_fault(first + uscc_check(first)) is None


if __name__ == "__main__":
    for kind, (made, caught) in detection(2000, seed=1).items():
        print(f"{kind}: {caught:,} of {made:,} found ({caught / made:.4%})")
