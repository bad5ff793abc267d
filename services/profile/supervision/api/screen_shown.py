"""A screen of bidders as JSON: every finding with its words, its weight and the rules that speak of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from chassis.core.moments import rfc3339
from services.profile.book.api.shown import words
from services.profile.standards.text import Text
from services.profile.supervision.domain.screen.finding import Finding
from services.profile.supervision.domain.screen.groups import JOINS, Group, Pair, level
from services.profile.supervision.domain.screen.sign import Rule, rules_of, signs
from services.profile.supervision.domain.screen.ties import Record
from services.profile.supervision.usecases.screen_bidders import Done

MOST_FINDINGS, MOST_PAIRS = 300, 300
NOTICE = Text(
    "本结果仅为关联关系风险提示，不是串通投标的认定。被提示的企业有权陈述：它在自己的查询登记中可见本次查询"
    "（bidder-screen），可对本结果所依据的档案记录提出异议（POST /v1/disputes，kind 为 relations 或 invoices）；"
    "请在处理前听取其意见。",
    "These are hints of ties, not findings of collusion. A firm that is named may answer: it sees this read in its own "
    "record of reads (bidder-screen) and can dispute each record that a tie rests on (POST /v1/disputes, kind "
    "relations or invoices). Hear it before anything follows.",
)
CONSENT = Text(
    "部分投标人的档案未查看：没有其在有效期内的授权。可请其授权（POST /v1/consents，字段 graph，用途 procurement）。"
    "未查看本身不说明任何问题。",
    "The files of some bidders were not looked at: no live consent of theirs lets you. Ask them for one (POST "
    "/v1/consents, field graph, purpose procurement). That a file was not looked at says nothing by itself.",
)
Marks = Mapping[str, Sequence[Mapping[str, Any]]]
Named = Collection[tuple[str, Any]]


def shown(done: Done, bidders: Sequence[str], marks: Marks) -> dict[str, Any]:
    """Show a screen as plain JSON: text, numbers and lists alone, so that its digest can be made again."""
    day, found = done.facts.moment.as_of, done.screened
    opened = frozenset(name for name in bidders if done.permit is not None and done.permit.shows(name, day))
    disputed = {(firm, mark["item"].get("record")) for firm, each in marks.items() for mark in each}
    findings, pairs = found.findings[:MOST_FINDINGS], found.pairs[:MOST_PAIRS]
    return {
        "id": done.id,
        "as_of": day.isoformat(),
        "known_at": rfc3339(done.facts.known_at),
        "notice": words(NOTICE),
        "bidders": [_bidder(name, opened, found.groups, marks) for name in bidders],
        "not_looked_at": len(bidders) - len(opened),
        "consent": words(CONSENT) if len(opened) < len(bidders) else None,
        "past": {"auctions": done.past, "undated": done.undated, "later": done.later},
        "joins": JOINS,
        "groups": [_group(group) for group in found.groups],
        "pairs": [_pair(pair) for pair in pairs],
        "findings": [_finding(each, day, disputed, done.own) for each in findings],
        "left_out": {"findings": len(found.findings) - len(findings), "pairs": len(found.pairs) - len(pairs)},
    }


def _bidder(name: str, opened: Collection[str], groups: Sequence[Group], marks: Marks) -> dict[str, Any]:
    place = next((at for at, group in enumerate(groups) if name in group.bidders), None)
    held = [dict(mark) for mark in marks.get(name, ())] if name in opened else []
    return {"enterprise": name, "looked_at": name in opened, "group": place, "disputes": _plain(held)}


def _pair(pair: Pair) -> dict[str, Any]:
    return {"bidders": [pair.one, pair.other], "ratio": pair.ratio, "level": level(pair.ratio)}


def _group(group: Group) -> dict[str, Any]:
    paths = [{"bidders": list(path.bidders), "weakest": path.weakest} for path in group.paths]
    weakest = min(path.weakest for path in group.paths)
    return {"bidders": list(group.bidders), "level": level(weakest), "paths": paths}


def _finding(found: Finding, day: date, disputed: Named, own: Collection[str]) -> dict[str, Any]:
    sign = signs()[found.sign]
    return {
        "sign": found.sign,
        "title": words(sign.title),
        "family": sign.family,
        "bidders": list(found.bidders),
        "likelihood": None if found.weight is None else asdict(found.weight),
        "p_value": found.p_value,
        "facts": _plain(dict(found.facts)),
        "records": [_record(each, disputed, own) for each in found.records],
        "auctions": list(found.auctions),
        "crowded": found.crowded,
        "ended": found.ended,
        "rules": [_rule(rule) for rule in rules_of(found.sign, day)],
    }


def _record(record: Record, disputed: Named, own: Collection[str]) -> dict[str, Any]:
    told = {"of": record.enterprise, "record": record.record, "relation": record.relation}
    days = {"since": _plain(record.since), "until": _plain(record.until)}
    marked = (record.enterprise, record.record) in disputed
    return told | days | {"own_word": record.import_id in own, "disputed": marked}


def _rule(rule: Rule) -> dict[str, Any]:
    same = {"law": rule.law, "article": rule.article, "effect": rule.effect}
    return {"rule": rule.key, **same, "title": words(rule.title)}


def _plain(value: Any) -> Any:
    """Return a value whose dates and moments are text."""
    match value:
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case datetime():
            return rfc3339(value)
        case date():
            return value.isoformat()
        case _:
            return value
