"""Telling a firm which of its own partners would lower its risk."""

from __future__ import annotations

from dataclasses import dataclass

from services.profile.book.context import Context
from services.profile.book.domain.moment import Asked
from services.profile.graph.domain.contagion.network import Network
from services.profile.graph.domain.contagion.rewire import Rewiring, rewire
from services.profile.graph.usecases.strike import told_network
from services.profile.rights.usecases.open_at import OpenFile, open_at
from services.profile.rights.usecases.open_file import Reading


@dataclass(frozen=True, slots=True)
class Lowered:
    """What a firm's own file tells of how to lower the risk of a partner's failure, by side."""

    file: OpenFile
    network: Network
    sides: tuple[Rewiring, Rewiring]


def lower_risk(context: Context, reading: Reading, enterprise: str, asked: Asked) -> Lowered:
    """Return which shifts among its present partners would lower what a single failure costs the firm.

    Only its own file is read, so partners are named as on its own invoices, and nothing of theirs has a part in it.
    """
    file = open_at(context, reading, enterprise, asked)
    network = told_network(context, file.facts.moment, file.permit, also=(enterprise,))
    return Lowered(file, network, rewire(network, enterprise))
