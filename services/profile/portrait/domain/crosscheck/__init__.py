"""Cross-comparison (交叉比对): what one source says of a firm, held against what another says."""

from __future__ import annotations

from services.profile.portrait.domain.crosscheck.check import check, pass_rate, tally, tally_book
from services.profile.portrait.domain.crosscheck.rule import FINDINGS, Material, Rule, rules

__all__ = ["FINDINGS", "Material", "Rule", "check", "pass_rate", "rules", "tally", "tally_book"]
