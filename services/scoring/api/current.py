"""What the running web application was composed of."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from chassis.web.app import collaborators
from services.scoring.context import Context
from services.scoring.usecases.assess import Order, Outcome
from services.scoring.usecases.turn import Turns

_TURNS = "turns"


def context() -> Context:
    """Return the collaborators of the running application."""
    return collaborators(Context)


def turns() -> Turns[Order, Outcome]:
    """Return the turns that the running application's requests for a score share."""
    return cast("Turns[Order, Outcome]", current_app.extensions[_TURNS])


def share(app: Flask, turns: Turns[Order, Outcome]) -> None:
    """Let the requests of an application share these turns."""
    app.extensions[_TURNS] = turns
