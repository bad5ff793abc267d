"""Classes for supervision, and the integrity index of regions and industries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from smecredit.answers import EnterpriseClass, IndexCell, IndexOrder, IndexPage, ListedClass, Purpose
from smecredit.client.calls import Calls, given, iso, segment

Level = Literal["nation", "province", "prefecture"]


class Supervision(Calls):
    """What supervisors ask for: the class of a firm with its reasons, and what of many firms is published."""

    def class_of(
        self,
        enterprise: str,
        *,
        sector: str | None = None,
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-assessment",
    ) -> EnterpriseClass:
        """Return a firm's class A to D with every contribution; by the rules of its industry, or of `sector`."""
        path = f"/v1/enterprises/{segment(enterprise)}/class"
        moment = {"as_of": iso(as_of), "known_at": iso(known_at)}
        return self._get(EnterpriseClass, path, purpose=purpose, sector=sector, **moment)

    def classes(
        self, *, sector: str | None = None, as_of: date | None = None, purpose: Purpose = "credit-assessment"
    ) -> Iterator[ListedClass]:
        """Return the classes of all files that are open to you; each is a read that the firm sees."""
        return self._pages(ListedClass, "/v1/classes", purpose=purpose, sector=sector, as_of=iso(as_of))

    def index(
        self,
        *,
        level: Level | None = None,
        region: str | None = None,
        industry: str | None = None,
        first: str | None = None,
        last: str | None = None,
    ) -> IndexPage:
        """Return the published index with all its cells; months are `YYYY-MM`, `industry` may be `each`."""
        wanted = {"level": level, "region": region, "industry": industry, "from": first, "to": last}
        page = self._get(IndexPage, "/v1/indices", limit="500", **wanted)
        while page["next"]:
            more = self._get(IndexPage, "/v1/indices", limit="500", cursor=page["next"], **wanted)
            page = {**page, "items": page["items"] + more["items"], "next": more["next"]}
        return page

    def index_cells(self, *, level: Level | None = None, region: str | None = None) -> Iterator[IndexCell]:
        """Return the cells of the index one by one, all industries together."""
        return self._pages(IndexCell, "/v1/indices", level=level, region=region)

    def publish_index(self, first: str | None = None, last: str | None = None) -> IndexOrder:
        """Publish months of the index, as the operator, and wait until they are done.

        By default those that are over and not published yet. A month is published once and is not changed later.
        """
        order = self._post(IndexOrder, "/v1/indices", given(**{"from": first, "to": last}))
        return self._finished(IndexOrder, f"/v1/indices/orders/{segment(order['id'])}", None)
