"""The peer of `score_http`: what one would write in an afternoon, FastAPI + uvicorn + default TreeExplainer.

The same model and the same firms, features already in memory, no gateway, no consent, nothing stored.
Run: `PEER_MODEL=booster.json PEER_FEATURES=features.json uvicorn score_http_peer:app`.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import numpy as np
import shap
import xgboost
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

booster = xgboost.Booster()
booster.load_model(os.environ["PEER_MODEL"])
explainer = shap.TreeExplainer(booster)
book = json.loads(Path(os.environ["PEER_FEATURES"]).read_text())
names: list[str] = book["features"]
rows = {firm: np.array([values], dtype=np.float64) for firm, values in book["rows"].items()}
base = float(np.ravel(explainer.expected_value)[0])
POINTS_PER_LOG_ODDS = 40 / math.log(2)
OFFSET = 600 - POINTS_PER_LOG_ODDS * math.log(50)
app = FastAPI()


class Order(BaseModel):
    """Which enterprise to score."""

    enterprise: str


@app.post("/v1/scores", status_code=201)
async def score(order: Order) -> dict[str, object]:
    """Score one enterprise and explain it."""
    row = rows.get(order.enterprise)
    if row is None:
        raise HTTPException(404)
    shares = explainer.shap_values(row)[0]
    margin = base + float(shares.sum())
    points = OFFSET - POINTS_PER_LOG_ODDS * margin
    contributions = [
        {"feature": name, "points": -POINTS_PER_LOG_ODDS * float(share), "value": None if math.isnan(value) else value}
        for name, share, value in zip(names, shares, row[0].tolist(), strict=True)
    ]
    return {
        "enterprise": order.enterprise,
        "score": round(points),
        "pd": 1 / (1 + math.exp(-margin)),
        "base_points": OFFSET - POINTS_PER_LOG_ODDS * base,
        "contributions": contributions,
    }
