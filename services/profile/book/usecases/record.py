"""Taking in single records: checked at once, all or none, then stored and loaded as a file is."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import polars as pl

from chassis.core.errors import Invalid
from chassis.core.identity import Caller
from services.profile.book.context import Context
from services.profile.book.domain.channel import channel_of
from services.profile.book.domain.source_grant import Asked
from services.profile.book.domain.validation import REPORT, check
from services.profile.book.readers.forms import form_of
from services.profile.book.readers.records import text_frame
from services.profile.book.usecases.grant_source import require
from services.profile.book.usecases.receive import Delivery, receive

FAULTS_SHOWN = 50


class RecordsRefused(Invalid):
    """Some of the records cannot be used, so none was taken."""


def record(context: Context, caller: Caller, delivery: Delivery, records: Sequence[Mapping[str, Any]]) -> str:
    """Take in records of one kind about one enterprise and return their import's id.

    What a file's reject report would say is said at once, and nothing is stored then.
    """
    channel = channel_of(delivery.channel, caller.role, delivery.kind)
    require(context, caller, Asked(delivery.kind, channel, delivery.enterprise))
    form = form_of(delivery.kind, None, delivery.enterprise)
    titles, frame = text_frame(records, range(1, len(records) + 1))
    today = context.today()
    checked = check(form, frame, form.match(titles), pl.DataFrame(schema=REPORT), today=today)
    if checked.rejected:
        faults = checked.report.head(FAULTS_SHOWN).rename({"line": "record", "column": "field"}).to_dicts()
        raise RecordsRefused(
            f"{checked.rejected} of {checked.received} records cannot be used, so none was taken; mend and send again. "
            "/ 部分记录无法使用，整批未接收，请更正后重新报送。",
            faults=faults,
        )
    return receive(context, caller, delivery, io.BytesIO(orjson.dumps(list(records), option=orjson.OPT_SORT_KEYS)))
