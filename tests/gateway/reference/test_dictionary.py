"""The merged data dictionary: one entry a field of an answer, said by the service that answers it."""

from __future__ import annotations

from typing import Any

from gateway.reference.dictionary import merged_dictionary


def document(**schemas: Any) -> dict[str, Any]:
    """Return a document with one route of scoring that answers the schema `Score`."""
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Score"}}}}
    operation = {"operationId": "get_scores", "responses": {"200": answer}}
    return {"paths": {"/v1/scores": {"get": operation}}, "components": {"schemas": schemas}}


def term(zh: str, unit: str = "") -> dict[str, str]:
    return {"zh": zh, "en": "English", "unit": unit, "source": "computed"}


TEXT = {"type": "string"}


def test_a_word_of_its_own_schema_goes_before_the_common_word() -> None:
    """The same word means the same unless the schema says otherwise."""
    asked = document(Score={"properties": {"id": TEXT, "grade": TEXT}})
    words = {"id": term("编号"), "grade": term("等级"), "Score.id": term("评分编号")}
    found = merged_dictionary(asked, {"scoring": words}).entries
    assert [(each["field"], each["title"]["zh"]) for each in found] == [("grade", "等级"), ("id", "评分编号")]


def test_a_field_without_words_is_a_line_to_add() -> None:
    """Deep inside a list as well; a schema that holds itself ends."""
    inner = {"properties": {"points": TEXT, "next": {"$ref": "#/components/schemas/Reason"}}}
    listed = {"type": "array", "items": {"$ref": "#/components/schemas/Reason"}}
    asked = document(Score={"properties": {"reasons": listed}}, Reason=inner)
    made = merged_dictionary(asked, {"scoring": {"reasons": term("原因"), "next": term("下一个")}})
    assert made.lines_to_add() == ['services/scoring/dictionary.toml: points = ["", "", "", ""]  # in Reason']


def test_a_schema_renamed_in_the_merged_document_is_found_under_its_own_name() -> None:
    """Two services' schemas of one name carry the service in front."""
    asked = document(
        Score={"properties": {"title": {"$ref": "#/components/schemas/ScoringTitle"}}},
        ScoringTitle={"properties": {"zh": TEXT}},
    )
    made = merged_dictionary(asked, {"scoring": {"title": term("名称"), "Title.zh": term("中文名")}})
    assert [each["schema"] for each in made.entries] == ["Score", "Title"]


def test_what_an_open_object_holds_is_told_by_its_path() -> None:
    """Features are values by name: the catalogue says them."""
    made = merged_dictionary(document(Score={}), {"scoring": {"Features.values.sales": term("销售额", "fen")}})
    assert [(each["schema"], each["field"], each["unit"]) for each in made.entries] == [
        ("Features", "values.sales", "fen")
    ]


def test_a_service_that_did_not_answer_is_neither_described_nor_missing() -> None:
    """The others are shown without it."""
    made = merged_dictionary(document(Score={"properties": {"id": TEXT}}), {"matching": {}})
    assert (made.entries, made.missing) == ([], [])
