"""Notices: the events of a file that somebody has to know, and the names of their recipients.

A notice says nothing of the file's contents: whoever may read the file reads it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from chassis.core.errors import NotFound
from services.profile.standards.text import Text


class Event(StrEnum):
    """What happened."""

    OPENED = "dispute-opened"
    DUE = "dispute-due"
    OVERDUE = "dispute-overdue"
    DECIDED = "dispute-decided"
    CORRECTED = "file-corrected"
    REPAIRED = "record-repaired"
    TAKEN_BACK = "import-withdrawn"


# What each tells its reader, and what to do.
TITLES: Mapping[Event, Text] = MappingProxyType(
    {
        Event.OPENED: Text(
            "企业提出异议，请在二十日内核查并书面答复",
            "A firm disputes an item: check and answer within 20 days",
        ),
        Event.DUE: Text("异议处理期限将至", "The term of a dispute is running out"),
        Event.OVERDUE: Text("异议处理已逾期", "A dispute is overdue"),
        Event.DECIDED: Text(
            "异议已处理，书面答复见异议详情",
            "A dispute was decided: its written answer is in the dispute",
        ),
        Event.CORRECTED: Text("您查询过的档案已更正，请重新查询", "A file that you read was corrected: read it again"),
        Event.REPAIRED: Text(
            "档案中有记录已完成信用修复，请停止使用",
            "A record of the file was repaired: use it no longer",
        ),
        Event.TAKEN_BACK: Text(
            "档案中有一批导入数据已被撤回，请重新查询",
            "An import was taken back from the file: read it again",
        ),
    }
)


class NoticeNotFound(NotFound):
    """There is no such notice for the caller."""


def of_role(role: str) -> str:
    """Return the recipient that stands for all clients of a role; no client's own name holds a colon."""
    return f"role:{role}"


def of_enterprise(enterprise: str) -> str:
    """Return the recipient that stands for an enterprise, whichever client it comes with."""
    return f"enterprise:{enterprise}"


OPERATORS = of_role("operator")
