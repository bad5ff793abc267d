"""Retention periods by subject and kind of record, as `retention.toml` declares them."""

from __future__ import annotations

from chassis.core.retention import ANY, Declared, Policy, declared

# Registered by the market authority (9) as a sole trader (2, 个体工商户): a person, to whom Art. 16 applies.
SOLE_TRADER_CODE = "uscc:92"
ENTERPRISE, SOLE_TRADER = "enterprise", "sole-trader"


def concerns(policy: Policy, enterprise: str) -> bool:
    """Tell whether a policy holds for this enterprise."""
    return policy.subject in (ANY, subject_of(enterprise))


def subject_of(enterprise: str) -> str:
    """Return the kind of subject that an enterprise is, by its credit code; a masked code counts as a firm's.

    >>> subject_of("uscc:92350100M000100Y43"), subject_of("uscc:91350100M000100Y43"), subject_of("local:E17")
    ('sole-trader', 'enterprise', 'enterprise')
    """
    return SOLE_TRADER if enterprise.startswith(SOLE_TRADER_CODE) else ENTERPRISE


def all_declared() -> Declared:
    """Return what this service declares, the tables that stay included."""
    return declared(__package__)


def policies() -> tuple[Policy, ...]:
    """Return every policy."""
    return all_declared().policies


def policies_on(what: str) -> list[Policy]:
    """Return the policies on one kind of data."""
    return [each for each in policies() if each.what == what]


def version() -> str:
    """Return the version of the policies; the ledger's entry about a shredding names it."""
    return all_declared().version
