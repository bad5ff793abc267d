"""Values that a schema allows, and the ends of what it allows; names of things that there are where a place has one."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from documented import document

DEEPEST = 6
DAYS = ("2019-12-31", "2020-02-21", "2016-02-29", "2024-06-30", "2026-12-31", "2027-01-01", "1900-01-01")
MOMENTS = ("2020-02-21T08:00:00Z", "2026-12-01T00:00:00+08:00", "2019-01-01T00:00:00.123456Z", "1900-01-01T00:00:00Z")
MONTHS = ("2019-12", "2020-01", "2024-06")
TEXTS = ("x", "云杉机械", "2020-02", "0.0435", "C13", "330106", "a b", "sales_12m", "E1")
FORMS: Mapping[str, Sequence[str]] = {
    "date": DAYS,
    "date-time": MOMENTS,
    "uri": ("https://example.com/a", "https://example.com:8443/x?y=1"),
    "url": ("https://example.com/a",),
}
COMBINED = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True)
class Inside:
    """A maker of values by a schema; `named` are the things that stand for the places of their names."""

    choose: random.Random
    named: Mapping[str, Sequence[Any]]

    def of(self, schema: Mapping[str, Any], name: str = "", depth: int = 0) -> Any:
        """Return a value that the schema allows, as far as its words tell."""
        if "$ref" in schema:
            return self.of(document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]], name, depth + 1)
        if (known := self.named.get(name)) and not _is_list(schema) and self.choose.random() < 0.85:
            return self.choose.choice(known)
        for many in COMBINED:
            if schema.get(many):
                return self.of(self.choose.choice(schema[many]), name, depth + 1)
        if schema.get("enum"):
            return self.choose.choice(schema["enum"])
        return self._typed(schema, name, depth)

    def _typed(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        kind = schema.get("type")
        kind = self.choose.choice(kind) if isinstance(kind, list) else kind
        if kind == "object" or "properties" in schema:
            return self._object(schema, depth)
        if kind == "array":
            count = 0 if depth >= DEEPEST else self._count(schema)
            return [self.of(schema.get("items", {}), name.removesuffix("s"), depth + 1) for _ in range(count)]
        if kind in {"integer", "number"}:
            return self._number(schema, whole=kind == "integer")
        if kind == "boolean":
            return self.choose.random() < 0.5
        return None if kind == "null" else self._text(schema)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        needed = schema.get("required", ())
        return {
            name: self.of(inner, name, depth + 1)
            for name, inner in schema.get("properties", {}).items()
            if not inner.get("readOnly") and (name in needed or (depth < DEEPEST and self.choose.random() < 0.45))
        }

    def _count(self, schema: Mapping[str, Any]) -> int:
        least = schema.get("minItems", 0)
        return max(least, min(schema.get("maxItems", 3), self.choose.choice((1, 1, 1, 2, 3, 0))))

    def _number(self, schema: Mapping[str, Any], *, whole: bool) -> float:
        least, most = schema.get("minimum", -(2**53)), schema.get("maximum", 2**53)
        near = [value for value in (0, 1, 2, 12, 0.05, 0.5, 1_000_000, 50_000_000) if least <= value <= most]
        value = self.choose.choice([least, most, *near, *near])
        return int(value) if whole else float(value)

    def _text(self, schema: Mapping[str, Any]) -> str:
        if form := FORMS.get(str(schema.get("format"))):
            return self.choose.choice(form)
        if "pattern" in schema and "(19|20)" in schema["pattern"]:
            return self.choose.choice(MONTHS)
        most = schema.get("maxLength", 40)
        ends = ["x" * most] if most <= 5000 else []
        return self.choose.choice([*TEXTS, *ends])[:most].ljust(schema.get("minLength", 0), "x")


def _is_list(schema: Mapping[str, Any]) -> bool:
    return "array" in schema.get("type", ())
