"""Problem details (RFC 9457): the one table from what happened to how HTTP says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.core import errors
from chassis.core.errors import Invalid, Refused

MEDIA_TYPE = "application/problem+json"
# What a caller wrote may be a name, a code or a phone number in the wrong place, and problems are copied into tickets
# and letters: of a body only what can be a field's name is said again.
FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
LEFT_OUT = "…"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its status, the slug that makes its stable `type`, and its two titles."""

    status: int
    slug: str
    en: str
    zh: str


GENERIC: Mapping[type[Refused], Kind] = {
    errors.Invalid: Kind(422, "invalid", "The request is not valid", "请求内容无效"),
    errors.Unauthenticated: Kind(401, "unauthenticated", "Authentication is needed", "需要身份验证"),
    errors.Forbidden: Kind(403, "forbidden", "Not permitted", "无权执行此操作"),
    errors.NotFound: Kind(404, "not-found", "Not found", "未找到"),
    errors.Conflict: Kind(409, "conflict", "In conflict with the present state", "与当前状态冲突"),
    errors.Outdated: Kind(412, "outdated", "It has changed since it was read", "内容已更新，请重新读取"),
    errors.TooLarge: Kind(413, "too-large", "Too large", "内容过大"),
    errors.TooManyRequests: Kind(429, "too-many-requests", "Too many requests", "请求过于频繁"),
    errors.BacklogFull: Kind(429, "backlog-full", "Too much of your work waits", "您待处理的任务过多"),
    errors.QueueFull: Kind(503, "queue-full", "Too much work waits", "待处理的任务过多"),
    errors.UpstreamUnavailable: Kind(503, "upstream-unavailable", "A service is unavailable", "依赖的服务暂不可用"),
    errors.NotWritable: Kind(507, "not-writable", "What has to be kept cannot be written", "数据暂时无法写入"),
    errors.DatabaseDamaged: Kind(500, "database-damaged", "The database's file is damaged", "数据库文件已损坏"),
    errors.UnitKilled: Kind(500, "unit-killed", "A part of the work ends its process", "任务分片使工作进程终止"),
    errors.InvariantBroken: Kind(500, "invariant-broken", "A built-in check failed", "内部校验未通过"),
}

BAD_REQUEST = Kind(400, "bad-request", "Bad request", "请求错误")
INTERNAL = Kind(500, "internal", "Something broke on our side", "服务内部错误")
JOB_CRASHED = Kind(500, "job-crashed", "The job broke off repeatedly", "任务多次中断")
JOB_KILLED = Kind(500, "job-killed", "The job kills its worker and was set aside", "任务致处理进程终止，已搁置")
CONSENT_REQUIRED = Kind(403, "consent-required", "The enterprise's consent is needed", "需要企业授权")


class UpstreamProblem(Refused):
    """Another service refused with a problem document; it is passed on to our caller as it is."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(document.get("detail", ""))
        self.document = document


def document(kind: Kind, detail: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a problem document."""
    return {
        "type": f"/problems/{kind.slug}",
        "title": kind.en,
        "title_zh": kind.zh,
        "status": kind.status,
        "detail": detail,
        **members,
    }


def describe(refusal: Refused, table: Mapping[type[Refused], Kind]) -> dict[str, Any]:
    """Return the problem document of a refusal; `table` has the kinds beyond the generic ones."""
    if isinstance(refusal, UpstreamProblem):
        return refusal.document
    return document(_kind_of(refusal, {**GENERIC, **table}), refusal.detail, refusal.members)


def fields_refused(messages: Mapping[str, Any]) -> Invalid:
    """Return the refusal of a body's fields, `{field: [what is wrong]}`, as a parsed schema's would be told."""
    return Invalid("; ".join(sorted(sentences(messages))), errors={"json": named(messages)})


def _kind_of(refusal: Refused, table: Mapping[type[Refused], Kind]) -> Kind:
    """Return the kind of the nearest class in the refusal's ancestry; an unlisted refusal is ours to mend."""
    return next((table[ancestor] for ancestor in type(refusal).__mro__ if ancestor in table), INTERNAL)


def named(messages: Any) -> Any:
    """Keep only messages of known fields: an unknown field's name may itself be private."""
    if isinstance(messages, Mapping):
        return {_field(key): named(inner) for key, inner in messages.items()}
    return messages


def _field(key: Any) -> Any:
    return key if isinstance(key, int) or FIELD.fullmatch(str(key)) else LEFT_OUT


def sentences(messages: Any, path: str = "") -> list[str]:
    """Flatten marshmallow's nested messages into `field: what is wrong`."""
    if isinstance(messages, Mapping):
        # webargs puts the place (json, query) first: the field alone is what the caller wrote.
        return [
            sentence
            for key, inner in messages.items()
            for sentence in sentences(inner, path if key in {"json", "query", "headers"} else f"{path}.{_field(key)}")
        ]
    if isinstance(messages, list):
        return [sentence for inner in messages for sentence in sentences(inner, path)]
    return [f"{path.lstrip('.')}: {messages}" if path else str(messages)]
