"""Commands of several programs in one process: what they all stand on is loaded once, without the collector.

`python -m chassis.core.together 'gateway.cli migrate' 'services.profile.cli migrate'` does one after the other, each as
`python -m` would, and ends with the first that fails.
"""

from __future__ import annotations

import gc
import runpy
import shlex
import sys
from collections.abc import Sequence


def main(commands: Sequence[str]) -> None:
    """Do the commands in their order; exit as the first one does that fails."""
    # What is loaded stays until we end: rounds of the collector among it would cost a sixth of the time. Most commands
    # are short and need none; one that stays begins them itself when it is loaded (`chassis.data.crew`).
    gc.disable()
    for command in commands:
        module, *arguments = shlex.split(command)
        sys.argv = [module, *arguments]
        try:
            # As a module of that name it may be loaded; it runs as the main one, and `runpy` warns of two.
            sys.modules.pop(module, None)
            runpy.run_module(module, run_name="__main__")
        except SystemExit as end:
            if end.code:
                raise


if __name__ == "__main__":
    main(sys.argv[1:])
