"""Ownership and control: four notions, each in a module of its own (ADR 35).

`ties` are the stakes and declarations of a day; `integrated` is how much of a firm a party owns through all chains;
`majority` is whom a party controls; `ultimate` who is at the top; `close_links` who is closely linked; `chain` the path
that ties two of them.
"""

from __future__ import annotations
