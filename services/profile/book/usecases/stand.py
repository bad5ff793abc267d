"""How an import stands to the book: to the imports before it, to its nature, to the step that the lake must hold."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from services.profile.book import import_store, step_store, tables, withdrawals
from services.profile.book.context import Context
from services.profile.book.domain.channel import Standing, standing
from services.profile.book.domain.dataset import Dataset
from services.profile.book.fit import Step
from services.profile.book.usecases.enrol import SyntheticMixed, claim


def standing_of(context: Context, order: tables.Import, earlier: list[str]) -> Standing:
    """Return how earlier imports stand to this one: an enterprise's own word does not revise another's."""
    with context.database.read() as session:
        senders, gone = import_store.senders(session, earlier), withdrawals.going(session)
        days, again = import_store.stated_days(session, earlier), import_store.came_before(session, order)
    stands = standing((order.client, order.channel), senders, gone)
    return replace(stands, days=days, stated_on=order.stated_on, again=again)


def claim_nature(context: Context, natures: Collection[bool | None]) -> None:
    """Claim the book for the nature that all rows of a file have (None: several); refuse a file of two."""
    if len(natures) > 1 or None in natures:
        raise SyntheticMixed(
            "The file mixes synthetic and real rows; send them apart, to separate books. "
            "/ 文件混有合成数据与真实数据，请分开报送到不同账册。"
        )
    with context.database.begin() as session:
        for synthetic in natures:
            claim(session, synthetic=bool(synthetic))


def last_step(context: Context, dataset: Dataset) -> Step | None:
    """Return the newest version of a kind's lake that the database names."""
    with context.database.read() as session:
        return step_store.last_steps(session).get(dataset.name)
