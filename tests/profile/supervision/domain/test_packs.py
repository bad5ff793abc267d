"""Packs of sectors: one folder and no code; and a wrong one is refused with file, key and what is right."""

from __future__ import annotations

import copy
import tomllib
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profile.supervision.domain.classified import contributions, known_weight, shares, steps, to_next
from services.profile.supervision.domain.pack import Class, PackRefused
from services.profile.supervision.domain.pack_reader import FIGURE, read
from services.profile.supervision.domain.packs_of import NoPack, packs

DAY = date(2022, 6, 30)
MINING = """
title = ["采矿", "Mining"]
valid_from = 2020-01-01
industries = ["B"]
sources = ["ours"]
classes = { A = 80, B = 60, C = 30 }
[[indicator]]
figure = "tax_grade"
weight = 40
points = [[1, 100], [5, 0]]
[[indicator]]
key = "penalties_mining"
title = ["矿山安全处罚", "Penalties of mine safety"]
weight = 60
records = ["penalty"]
authority = ["矿山"]
points = [[0, 100], [2, 0]]
[[cap]]
class = "C"
title = ["严重处罚", "A serious penalty"]
records = ["penalty"]
tiers = ["serious"]
source = "ours"
"""


def folder(tmp_path, text=MINING, sector="mining", file="2020-01-01.toml"):
    (tmp_path / sector).mkdir(exist_ok=True)
    (tmp_path / sector / file).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_new_sector_is_one_folder(tmp_path):
    """A folder beside those that are shipped is all it takes; other industries keep theirs."""
    found = packs(folder(tmp_path))
    assert found.of("B06", DAY).sector == "mining"
    assert found.of("E47", DAY).sector == "construction"
    assert found.of(None, DAY).sector == "general"


@pytest.mark.parametrize(
    ("written", "instead", "key", "right"),
    [
        ("weight = 40", "weight = 41", "indicator.weight", "come to 100"),
        ("weight = 40", "weight = 0", "indicator[1].weight", "1 to 100"),
        ('"tax_grade"', '"tax_grad"', "indicator[1].figure", "tax_grade"),
        ('"tax_grade"', '"sales_red_ratio_36m"', "indicator[1].figure", "hiding cannot better"),
        ("[[1, 100], [5, 0]]", "[[1, 0], [5, 100]]", "indicator[1].points", "never brings more"),
        ("[[1, 100], [5, 0]]", "[[1, 90], [5, 0]]", "indicator[1].points", "brings 100"),
        ("[[1, 100], [5, 0]]", "[[5, 100], [1, 0]]", "indicator[1].points", "values rise"),
        ("[[1, 100], [5, 0]]", "[[1, 100], [nan, 50], [5, 0]]", "indicator[1].points", "pairs of a value"),
        ("[[1, 100], [5, 0]]", "[[1, 100], [inf, 0]]", "indicator[1].points", "pairs of a value"),
        ("[[1, 100], [5, 0]]", f"[[1, 100], [1{'0' * 400}, 0]]", "indicator[1].points", "pairs of a value"),
        ("[[1, 100], [5, 0]]", "[[1, 100]]", "indicator[1].points", "fewer than 100"),
        ('"penalties_mining"', '"enterprise"', "indicator[2].key", "a key of its own"),
        ('"penalties_mining"', '"tax_grade"', "indicator[2].key", "a key of its own"),
        ('"penalties_mining"', '"Penalties 1"', "indicator[2].key", "a key of its own"),
        ('["penalty"]\nauthority', '["penalti"]\nauthority', "indicator[2].records", "penalty"),
        ("A = 80", "A = 50", "classes", "falling"),
        ('["B"]', '["ZZ"]', "industries", "GB/T 4754"),
        ('["B"]', '["E"]', "industries", "has that industry already"),
        ('["B"]', "[]", "industries", "names its industries"),
        ('["ours"]\nclasses', "[]\nclasses", "sources", "needed"),
        ('["采矿", "Mining"]', '"Mining"', "title", "Chinese and in English"),
        ("2020-01-01\nindustries", '"2020"\nindustries', "valid_from", "2026-01-01"),
        ('tiers = ["serious"]', 'tier = ["serious"]', "cap[1].tier", "no such key"),
        ('class = "C"', 'class = "A"', "cap[1].class", "B, C or D"),
        ('class = "C"', 'class = ["C"]', "cap[1].class", "B, C or D"),
        ("title =", "title", "file", "TOML"),
    ],
)
def test_a_wrong_pack_is_refused(tmp_path, written, instead, key, right):
    """The refusal names the file, the key, and what would be right."""
    assert written in MINING
    with pytest.raises(PackRefused) as refused:
        packs(folder(tmp_path, MINING.replace(written, instead, 1)))
    assert refused.value.members["file"] == "mining/2020-01-01.toml"
    assert refused.value.members["key"] == key
    assert right in refused.value.detail


def test_what_is_no_file_is_refused(tmp_path):
    """A folder that is called as a file would be."""
    folder(tmp_path)
    (tmp_path / "mining" / "2021-01-01.toml").mkdir()
    with pytest.raises(PackRefused) as refused:
        packs(tmp_path)
    assert refused.value.members["file"] == "mining/2021-01-01.toml"


def test_two_versions_cannot_begin_on_one_day(tmp_path):
    """Which of them holds would be a matter of their names."""
    folder(tmp_path, file="again.toml")
    with pytest.raises(PackRefused, match="take a later day"):
        packs(folder(tmp_path))


def test_a_past_day_is_judged_by_the_rules_of_then(tmp_path):
    """A version holds from its day on, and before the first of a sector its firms are judged as all others."""
    later = MINING.replace("2020-01-01", "2022-01-01").replace("A = 80", "A = 90")
    found = packs(folder(folder(tmp_path), later, file="2022-01-01.toml"))
    assert found.on("mining", date(2021, 12, 31)).least[Class.A] == 8000
    assert found.on("mining", date(2022, 1, 1)).least[Class.A] == 9000
    assert found.of("B06", date(2019, 12, 31)).sector == "general"
    with pytest.raises(NoPack, match="2020-01-01"):
        found.on("mining", date(2019, 12, 31))


def test_every_shipped_version_of_general_names_its_document():
    """Since the market regulator named the four classes, the rules stand on that document too."""
    assert any("2022" in source for source in packs().on("general", date(2022, 1, 13)).sources)
    assert not any("2022" in source for source in packs().on("general", date(2022, 1, 12)).sources)


VALUES = st.one_of(st.none(), st.floats(-1, 40, allow_nan=False))


def table(pack, values):
    rows = {rule.key: [None if value is None else float(value)] for rule, value in zip(pack.rules, values, strict=True)}
    return pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.Float64))


@settings(max_examples=20, deadline=None)
@given(st.data(), st.sampled_from(packs().every))
def test_nobody_gains_by_hiding_a_value_and_each_step_holds(data, pack):
    """Taking any value away never adds a point; following any step brings at least the points that it told."""
    values = data.draw(st.lists(VALUES, min_size=len(pack.rules), max_size=len(pack.rules)))
    rows = table(pack, values)
    added = contributions(pack, rows)
    total = int(added.sum())
    for at in range(len(values)):
        hidden = table(pack, [None if place == at else value for place, value in enumerate(values)])
        assert int(contributions(pack, hidden).sum()) <= total
        assert known_weight(pack, hidden)[0] <= known_weight(pack, rows)[0]
    found = shares(pack, rows.row(0, named=True), added[0])
    assert sum(each.points for each in found) == total
    places = [rule.key for rule in pack.rules]
    for step in steps(pack, found):
        after = copy.copy(values)
        after[places.index(step.rule.key)] = step.needed
        raised = int(contributions(pack, table(pack, after)).sum())
        assert raised >= total + step.points
        if step.enough:
            assert pack.by_points(raised) < pack.by_points(total)
            assert step.points == to_next(pack, total)


def test_no_figure_that_hiding_betters_may_decide_a_class():
    """A share of red letters falls when red letters are left out; whatever rests on others' word may be used."""
    assert "sales_red_ratio_36m" not in FIGURE
    assert "mutual_trade_share_12m" not in FIGURE
    assert {"tax_grade", "history_months", "days_beyond_terms_paid_12m"} <= FIGURE.keys()


def test_a_pack_reads_the_same_from_its_document():
    """Reading has no other source than the document."""
    document = tomllib.loads(MINING)
    assert read(document, "mining", "f") == read(copy.deepcopy(document), "mining", "f")
