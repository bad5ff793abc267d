"""Many forests, saved as JSON, as one model of one tree a round, with a scorecard's trees beside them or without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from services.scoring.ml.trees import base_margin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.scoring.ml.scorecard import Scorecard

_NO_CHILD = -1


def joined(forests: Sequence[bytes], scorecard: Scorecard | None = None, share: float = 0.0) -> bytes:
    """Return the mean of forests, saved as JSON, as one: all trees, one a round, their leaves divided.

    With a scorecard its trees stand beside them: it has this `share` of the mean. shap reads only models of one tree a
    round; a tree of several a round carries its share already.
    """
    rest = 1.0 if scorecard is None else 1 - share
    documents = [orjson.loads(forest) for forest in forests]
    trees = [tree for document in documents for tree in _trees(document)]
    for tree in trees:
        ends = zip(tree["left_children"], tree["split_conditions"], strict=True)
        tree["split_conditions"] = [value * rest / len(forests) if left == _NO_CHILD else value for left, value in ends]
    whole = documents[0]
    if scorecard is not None:
        features = int(whole["learner"]["learner_model_param"]["num_feature"])
        trees += scorecard.trees(share, base_margin(whole["learner"]), features)
    for number, tree in enumerate(trees):
        tree["id"] = number
    model = whole["learner"]["gradient_booster"]["model"]
    model |= {"trees": trees, "tree_info": [0] * len(trees), "iteration_indptr": list(range(len(trees) + 1))}
    model["gbtree_model_param"] |= {"num_parallel_tree": "1", "num_trees": str(len(trees))}
    return orjson.dumps(whole)


def _trees(document: dict[str, Any]) -> list[dict[str, Any]]:
    trees: list[dict[str, Any]] = document["learner"]["gradient_booster"]["model"]["trees"]
    return trees
