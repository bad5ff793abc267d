"""The screen of bidders (投标人关联关系风险提示): who belongs together by files, and by how they bid. ADR 40.

What comes out are hints, each with its evidence and a likelihood ratio; none of them is a verdict.
"""

from __future__ import annotations
