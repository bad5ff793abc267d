"""A bank without a single consent reads a model's card and pictures, and learns no firm's value from them."""

from __future__ import annotations

import re

import numpy as np
import orjson
import pytest

from services.scoring.domain.disclosure import LEAST_FIRMS
from services.scoring.ml.artefact import read

FEATURES = ("sales", "months", "silence", "concentration", "season")


@pytest.fixture(scope="module")
def artefact(trained):
    return read(trained.path.parent)[0]


def numbers_in(value):
    if isinstance(value, dict):
        for each in value.values():
            yield from numbers_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from numbers_in(each)
    elif isinstance(value, float):
        yield value


def pictures(trained):
    return {path.stem: path.read_text("utf-8") for path in (trained.path.parent / "pictures").glob("*.svg")}


def own_values(book):
    columns = [book[name].drop_nulls().to_numpy() for name in FEATURES if name in book.columns]
    return np.concatenate(columns)


def test_no_number_of_a_card_is_a_firm_s_value(trained, book, artefact):
    """Nor of the legend, the references and the baseline, to five digits; the firms' values have sixteen."""
    told = [trained.card, artefact.legend, artefact.references, artefact.baseline]
    numbers = np.array([number for part in told for number in numbers_in(orjson.loads(orjson.dumps(part)))])
    apart = np.abs(numbers[:, None] - own_values(book)[None, :])
    assert apart.min() > 1e-5


def test_no_picture_has_a_mark_a_firm(trained, book):
    """The marks of every picture are far fewer than the firms: one for ten of them at most, with two ends of a bar."""
    most, drawn = book.height / LEAST_FIRMS, pictures(trained)
    assert {"shap-dependence-1", "shap-summary"} <= drawn.keys()
    for name, svg in drawn.items():
        marks = re.findall(r'<use xlink:href="#(m[0-9a-f]+)" x="[^"]+" y="[^"]+" style="fill', svg)
        lines = re.findall(r'<path d="([^"]+)" clip-path', svg)
        assert all(marks.count(mark) <= 2 * most for mark in set(marks)), name
        assert all(line.count("L") <= most + 1 for line in lines), name


def test_two_known_firms_do_not_give_a_third_away(trained, book):
    """The attack of old: anchors put a scale on a dependence picture, and its dots were the other firms' values."""
    shown = trained.card["validation"]["dependence"]
    assert shown
    for each in shown:
        svg = pictures(trained)[f"shap-dependence-{shown.index(each) + 1}"]
        across = np.array(
            [float(x) for x in re.findall(r'<use xlink:href="#m[0-9a-f]+" x="([\d.]+)" y="[\d.]+" style="fill', svg)]
        )
        truth = np.sort(book[each["feature"]].drop_nulls().to_numpy())
        # Whatever scale two anchors give: dots and firms are of different number, so no assignment exists.
        assert len(across) <= len(truth) / LEAST_FIRMS
        assert min(bin_["firms"] for bin_ in each["bins"]) >= LEAST_FIRMS


def test_leaving_a_firm_out_does_not_show_its_value(trained, book):
    """A bin's typical value leaves out its extremes: a giant among ten is not read off their mean."""
    from services.scoring.domain.disclosure import typical  # noqa: PLC0415 -- the one function under test

    tens = np.linspace(1, 2, 10)
    giant = np.append(tens[:-1], 1e6)
    assert typical(giant) == pytest.approx(typical(tens), rel=0.2)


def test_what_a_picture_draws_is_in_its_card(trained, tmp_path):
    """Drawn again from the card alone, every picture is the same: nothing else can have gone into it."""
    from services.scoring.ml.plots import draw  # noqa: PLC0415 -- seconds to import

    draw(tmp_path, orjson.loads(orjson.dumps(trained.card)))
    again = {path.stem: path.read_text("utf-8") for path in (tmp_path / "pictures").glob("*.svg")}
    assert again == pictures(trained)


# Whole numbers of a card that count no firms: how it was made, and defaults within a group that has ten firms or more.
NO_COUNT_OF_FIRMS = re.compile(
    r"\.(seed|seeds|folds|repeats|form|depth|rounds|defaults|max_depth|nthread|num_parallel_tree|monotone_constraints"
    r"|horizon_months|\w*points)$|^\.(constraints|parameters)\."
)


def small_counts(value, path=""):
    """Yield where in a card a whole number from one to nine stands."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from small_counts(each, f"{path}.{name}")
    elif isinstance(value, list):
        for each in value:
            yield from small_counts(each, path)
    elif isinstance(value, int) and not isinstance(value, bool) and 0 < value < LEAST_FIRMS:
        yield path


def groups_in(value):
    """Yield all that a card tells of some firms together."""
    if isinstance(value, dict):
        if "firms" in value:
            yield value
        for each in value.values():
            yield from groups_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from groups_in(each)


def test_no_count_of_firms_on_a_card_is_under_ten(trained):
    """What is told of some firms is of ten or more, and any other small number must be known here for what it is."""
    card = orjson.loads(orjson.dumps(trained.card))
    groups = list(groups_in(card))
    assert len(groups) > 10
    assert all(each["firms"] >= LEAST_FIRMS for each in groups)
    assert [path for path in small_counts(card) if not NO_COUNT_OF_FIRMS.search(path)] == []
