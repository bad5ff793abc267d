"""Which version of a thing a writer means, and whether it is the one that stands."""

from __future__ import annotations

# Whichever there is, but there must be one (`If-Match: *`, RFC 9110, section 13.1.1).
ANY = -1


def named(meant: int | None) -> str:
    """Return a meant version in words."""
    return "any version" if meant == ANY else f"version {meant}"


def stands(meant: int | None, newest: int) -> bool:
    """Tell whether the newest version, 0 where there is none, is the one that is meant; None means anything.

    >>> stands(None, 0), stands(ANY, 0), stands(ANY, 3), stands(2, 3)
    (True, False, True, False)
    """
    return meant is None or (newest > 0 if meant == ANY else meant == newest)
