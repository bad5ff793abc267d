"""What opens files: a permit, or the reason why everything is read and nobody is shown anything of it.

Whatever gathers or shows something of an enterprise takes one of the two. A permit is made by
`rights.usecases.open_file` and by nothing else (`tests/profile/rights/test_permits.py` reads the code for it).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Window:
    """The days as of which a file may be read; None on a side leaves it open."""

    first: date | None = None
    last: date | None = None

    def shows(self, day: date) -> bool:
        """Tell whether the file may be read as of this day."""
        return (self.first or day) <= day <= (self.last or day)


class Permit:
    """Leave to read some enterprises' files, recorded where they are not the reader's own.

    `withheld` counts the files that were asked for and stay shut.
    """

    __slots__ = ("_windows", "withheld")

    _windows: Mapping[str, tuple[Window, ...]]
    withheld: int

    def __init__(self) -> None:
        raise TypeError("A permit is made by rights.usecases.open_file, where consent is asked and the read recorded.")

    @property
    def enterprises(self) -> tuple[str, ...]:
        """The enterprises whose files are open, in the order in which they were asked for."""
        return tuple(self._windows)

    def __contains__(self, enterprise: object) -> bool:
        """Tell whether a file is open."""
        return enterprise in self._windows

    def shows(self, enterprise: str, day: date) -> bool:
        """Tell whether a file is open as of a day."""
        return any(window.shows(day) for window in self._windows.get(enterprise, ()))

    def only(self, enterprises: Collection[str]) -> Permit:
        """Return the permit for some of its files: in the order of a list, else in its own."""
        if isinstance(enterprises, list):
            return issue({name: self._windows[name] for name in enterprises if name in self._windows})
        return issue({name: windows for name, windows in self._windows.items() if name in enterprises})


def issue(windows: Mapping[str, tuple[Window, ...]], withheld: int = 0) -> Permit:
    """Make a permit for these files; for `rights.usecases.open_file` alone."""
    permit = object.__new__(Permit)
    permit._windows, permit.withheld = dict(windows), withheld
    return permit


def joined(permits: Iterable[Permit]) -> Permit:
    """Return one permit for the files that these open, each as of the days of all its windows, and of no others."""
    windows: dict[str, tuple[Window, ...]] = {}
    withheld = 0
    for permit in permits:
        withheld += permit.withheld
        for name, added in permit._windows.items():
            windows[name] = (*windows.get(name, ()), *added)
    return issue(windows, withheld)


class Why(StrEnum):
    """For what everything may be read: nothing of it shows anybody anything of one enterprise."""

    PEERS = "peers"  # figures of groups of peers and of the network, which portraits are held against
    WATCH = "watch"  # evaluating signals; the alerts that come of it are shown under a permit
    REPLAY = "replay"  # an operator's measurement of signals over the whole book: counts alone leave it
    PARTNERS = "partners"  # what partners' books say of a firm whose file is open (征信业管理条例 Art. 21)
    TIES = "ties"  # which files a tie leads to: each is then opened, or nothing of it is shown
    RINGS = "rings"  # whether invoices of others close a circle: hops are shown of the files that are open alone
    INDEX = "index"  # the integrity index: means over ten firms or more, of which none can be computed back
    ACTS = "acts"  # whether a record is there that an act is about: a dispute, a repair, a measure


@dataclass(frozen=True, slots=True)
class Whole:
    """The declared exception: these enterprises (None: all) are read for a reason that shows nobody anything."""

    why: Why
    enterprises: tuple[str, ...] | None = None
