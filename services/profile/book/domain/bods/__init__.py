"""Relations as statements of the Beneficial Ownership Data Standard (BODS) 0.4, both ways (ADR 36).

`shape` says what is wrong with a statement, `parties` who is meant by a record, `interests` which relation an interest
is; `inward` makes relations of statements, `outward` statements of relations.
"""

from __future__ import annotations
