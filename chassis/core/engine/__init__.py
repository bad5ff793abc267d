"""Units of work done beside each other: in this process, in processes of its own, or on a Dask cluster.

A unit (a bucket of the lake, say) is done by a function of a module, or a `partial` of one; what it makes that is large
it writes itself, under a name that says what it is of, so that a unit done twice is done once. What it returns is
small. A unit that raises fails alone; one whose process dies is tried again, alone; the others are done. (ADR 46)

>>> from chassis.core.engine import Here, completed
>>> sorted(completed(Here().run(abs, [-2, 3])))
[(-2, 2), (3, 3)]
"""

from __future__ import annotations

from chassis.core.engine.choice import engine_of
from chassis.core.engine.here import Here
from chassis.core.engine.ran import Engine, Ran, completed

__all__ = ["Engine", "Here", "Ran", "completed", "engine_of"]
