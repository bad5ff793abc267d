"""What every schema of the wire starts from."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Self, cast

import marshmallow

from chassis.core.enterprise_id import NotAnEnterpriseId, enterprise_id
from chassis.core.problems import fields_refused
from chassis.web.reading import PLAIN

# Control and format characters, line and paragraph separators: they show nothing, or turn what stands beside them.
UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})
# Letters and marks that print nothing: fillers of Hangul, the empty sign of Braille, selectors of variants.
FILLERS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f]")


class Schema(marshmallow.Schema):
    """A schema that refuses what it does not know: a misspelt field must not pass in silence."""

    class Meta:
        """Refuse unknown fields."""

        unknown = marshmallow.RAISE

    def on_bind_field(self, field_name: str, field_obj: marshmallow.fields.Field[Any]) -> None:
        """Let numbers that are sent as text be plain ones only, also those in a list."""
        for each in (field_obj, getattr(field_obj, "inner", None), getattr(field_obj, "value_field", None)):
            if isinstance(each, marshmallow.fields.Number):
                each.pre_load = [_plain, *each.pre_load]

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        """Return itself: it never changes, and each of a route's decorators copies what those below it document."""
        return self


def _plain(value: Any) -> Any:
    if isinstance(value, str) and not PLAIN.fullmatch(value):
        raise marshmallow.ValidationError("must be a plain number such as 0.05 / 须为普通数字，例如 0.05")
    return value


def parsed(schema: marshmallow.Schema, given: Any) -> dict[str, Any]:
    """Parse a body whose media type decides its schema, so that no decorator can; refused like any other body."""
    try:
        return cast("dict[str, Any]", schema.load(given))
    except marshmallow.ValidationError as wrong:
        raise fields_refused(cast("dict[str, Any]", wrong.messages)) from None


class Name(marshmallow.fields.String):
    """A name as people see it: without blanks around it, and with nothing in it that does not show."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).strip()
        if not text or FILLERS.search(text) or any(unicodedata.category(sign) in UNSEEN for sign in text):
            raise marshmallow.ValidationError("must be visible: no control or format characters / 名称须为可见字符")
        return text


class EnterpriseId(marshmallow.fields.String):
    """An enterprise's id, taken in any of its forms and given on in the one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            return enterprise_id(super()._deserialize(value, attr, data, **kwargs))
        except NotAnEnterpriseId as wrong:
            raise marshmallow.ValidationError(wrong.detail) from None


class ProblemSchema(marshmallow.Schema):
    """A problem document (RFC 9457); each kind may carry further members."""

    class Meta:
        """Say that there may be more."""

        unknown = marshmallow.INCLUDE

    type = marshmallow.fields.String(metadata={"description": "Stable name of the kind of problem"})
    title = marshmallow.fields.String()
    title_zh = marshmallow.fields.String()
    status = marshmallow.fields.Integer()
    detail = marshmallow.fields.String(metadata={"description": "What was found and what to do next"})
    instance = marshmallow.fields.String(metadata={"description": "The request id to quote to the operator"})
