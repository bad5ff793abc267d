"""Publish a product, or a new version of it: nothing published is ever changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.core.versions import named, stands
from services.matching import store
from services.matching.clients import Profile, Scoring
from services.matching.domain.counting import Counts
from services.matching.domain.errors import NameUnknown, NotTheOwner, ProductExists, VersionPassed
from services.matching.domain.product import ProductDraft, read_product
from services.matching.tables import ProductVersion


def check(profile: Profile, draft: ProductDraft) -> None:
    """Refuse a product whose rules cannot be read, or name facts that the profile does not give."""
    try:
        read_product(draft.document, profile.vocabulary())
    except NameUnknown:
        # The catalogue may have grown since we read it.
        read_product(draft.document, profile.vocabulary(fresh=True))


def settle_counts(scoring: Scoring, draft: ProductDraft) -> ProductDraft:
    """Let a product that does not say what counts take its bank's policy, for good: a version never changes.

    Under the strict one nothing is written down, since that is what silence means in a product.
    """
    if "counts" in draft.document or scoring.usual_counts() is Counts.CONFIRMED:
        return draft
    return ProductDraft(draft.id, {**draft.document, "counts": Counts.EVERYTHING.value})


def publish(session: Session, caller: Caller, draft: ProductDraft) -> ProductVersion:
    """Publish version 1; raise ProductExists where the id is taken."""
    current = store.find_version(session, draft.id)
    if current is not None:
        raise ProductExists(
            f"Product {current.product} is already published; PUT a new version at /v1/products/{current.product}.",
            product=current.product,
            version=current.version,
        )
    return _add(session, caller, draft, version=1)


def revise(
    session: Session, caller: Caller, draft: ProductDraft, expected: int | None = None
) -> tuple[ProductVersion, bool]:
    """Publish the next version, or the first; the same again changes nothing. Tell whether the product is new.

    `expected` is the version that the caller means to replace; raises VersionPassed where it is not the newest.
    """
    current = store.find_version(session, draft.id)
    if not stands(expected, current.version if current else 0):
        raise VersionPassed(
            f"You meant to replace {named(expected)}, but the newest is {current.version if current else 'none'}; "
            "read it again first.",
            product=draft.id,
        )
    if current is None:
        return _add(session, caller, draft, version=1), True
    may_revise(session, caller, current.product)
    if _unversioned(current.document) == _unversioned(draft.document):
        return current, False
    return _add(session, caller, draft, version=current.version + 1), False


def may_revise(session: Session, caller: Caller, product: str) -> None:
    """Refuse who did not publish a product; what is not published yet is open to all. Raises NotTheOwner."""
    current = store.find_version(session, product)
    if current is not None and current.owner != caller.client:
        raise NotTheOwner(f"Product {product} was published by another bank.", product=product)


def _add(session: Session, caller: Caller, draft: ProductDraft, version: int) -> ProductVersion:
    stored = {**draft.document, "version": version}
    product = read_product(stored)
    row = ProductVersion(
        product=product.id,
        version=version,
        owner=caller.client,
        document=stored,
        valid_from=product.valid_from,
        published_at=datetime.now(UTC),
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise VersionPassed(
            f"Another version {version} of product {product.id} was published at this moment; read it again first.",
            product=product.id,
        ) from None
    return row


def _unversioned(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "version"}
