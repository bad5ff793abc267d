"""Each score of a batch, provable by itself: a part is one entry of the ledger, with a Merkle root over its scores.

The hash of a score is SHA-256 of 0x00, a salt of its own, what the score says in words (canonical JSON, RFC 8785) and a
line feed, and what it says in numbers (64-bit, little-endian): PD, its interval, base points. Each feature's points
follow bit for bit from the features' digest and the model, which are in it, and would take half as long again. Sixteen
hashes, one after the other, are a leaf of the tree (RFC 9162): a leaf a score took a third longer to make. Nobody finds
a score by what they can compute of it; whom it concerns gets its salt. Where another score stands beside the one that
decides, the words name its digest, and that of the expert rules that were asked; where the file shows less than 36
months, what it would be.
"""

from __future__ import annotations

import hashlib
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import orjson
import polars as pl
import rfc8785

from chassis.core import merkle
from chassis.core.ids import numbered
from services.scoring.domain.assessment import Assessment
from services.scoring.domain.fuller import Fuller

GROUP = 16
SALT_BYTES, HASH_BYTES, NUMBER_BYTES = 16, 32, 8
BESIDE, OVERLAY, FULLER = "beside", "overlay", "fuller"
PROBABILITIES = ("pd", "pd_low", "pd_high")


@dataclass(frozen=True, slots=True)
class Seals:
    """The salts of a part's scores and their hashes, one after the other."""

    salts: bytes
    hashes: bytes

    @property
    def root(self) -> bytes:
        """The root over all scores."""
        return merkle.root_over(map(merkle.leaf_hash, self._leaves))

    def salt(self, place: int) -> bytes:
        """Return the salt of the score at a place."""
        return self.salts[place * SALT_BYTES : (place + 1) * SALT_BYTES]

    def group(self, place: int) -> list[bytes]:
        """Return the hashes of the leaf that the score at a place is in; its own is the (place mod 16)-th."""
        leaf = self._leaves[place // GROUP]
        return [leaf[start : start + HASH_BYTES] for start in range(0, len(leaf), HASH_BYTES)]

    def path(self, place: int) -> list[bytes]:
        """Return the proof that this leaf is under the root."""
        leaves = self._leaves
        nodes, _ = merkle.grown(0, [], map(merkle.leaf_hash, leaves))
        return merkle.inclusion(place // GROUP, len(leaves), lambda level, at: nodes[level, at])

    @property
    def _leaves(self) -> list[bytes]:
        size = GROUP * HASH_BYTES
        return [self.hashes[start : start + size] for start in range(0, len(self.hashes), size)]


def seal(head: str, frame: pl.DataFrame, base_points: float) -> Seals:
    """Return the seals of scores with ids `head` and their place.

    Words and numbers are made in columns. What is left for each score is one hash, which no column can do: a call more
    for each would be felt.
    """
    salts, texts = secrets.token_bytes(SALT_BYTES * frame.height), _words(head, frame)
    numbers = frame.select(*PROBABILITIES, pl.lit(base_points, pl.Float64).alias("base"))
    packed, size = numbers.to_numpy(order="c").tobytes(), numbers.width * NUMBER_BYTES
    sha256 = hashlib.sha256
    hashes = [
        sha256(b"\0" + salts[n * SALT_BYTES : (n + 1) * SALT_BYTES] + text + packed[n * size : (n + 1) * size]).digest()
        for n, text in enumerate(texts)
    ]
    return Seals(salts, b"".join(hashes))


def words_of(one: Assessment) -> str:
    """Return what a score says in words."""
    words = {name: getattr(one, name) for name in ("depth", "enterprise", "features_sha256", "grade", "score")}
    beside = {} if one.beside is None else {"beside_sha256": _sha256(orjson.dumps(one.beside.as_json()))}
    ruled = {} if one.overlay is None else {"overlay_sha256": _sha256(orjson.dumps(one.overlay))}
    fuller = {} if one.fuller is None else {"fuller": _supposed(one.fuller)}
    return rfc8785.dumps({**beside, **words, **fuller, **ruled, "score_id": one.id}).decode()


def numbers_of(one: Assessment) -> list[float]:
    """Return what a score says in numbers."""
    return [one.pd, one.pd_low, one.pd_high, one.base_points]


def hash_of(salt: bytes, words: str, numbers: Sequence[float]) -> bytes:
    """Return the hash of one score."""
    return merkle.leaf_hash(salt + words.encode() + b"\n" + struct.pack(f"<{len(numbers)}d", *numbers))


def _words(head: str, frame: pl.DataFrame) -> list[bytes]:
    """Return `words_of` and a line feed of each row. A code may hold a quotation mark; no other word may."""
    name = pl.col("enterprise").str.replace_all("\\", r"\\", literal=True).str.replace_all('"', r"\"", literal=True)
    pieces = [
        pl.lit("{"),
        *_beside(frame),
        *(pl.lit('"depth":"'), pl.col("depth"), pl.lit('","enterprise":"'), name),
        *(pl.lit('","features_sha256":"'), pl.col("features_sha256")),
        *_fuller(frame),
        *(pl.lit('","grade":"'), pl.col("grade")),
        *_ruled(frame),
        *(pl.lit('","score":'), pl.col("score"), pl.lit(f',"score_id":"{head}'), pl.lit(_endings(frame.height))),
    ]
    return frame.select(pl.concat_str(pieces).cast(pl.Binary)).to_series().to_list()


def _beside(frame: pl.DataFrame) -> list[pl.Expr]:
    if BESIDE not in frame.columns:
        return []
    hashes = [None if each is None else _sha256(each.encode()) for each in frame[BESIDE]]
    return [pl.format('"beside_sha256":"{}",', pl.lit(pl.Series(hashes, dtype=pl.String))).fill_null("")]


def _supposed(fuller: Fuller) -> str:
    """Return what a fuller file says in one word, its PD by its bits: what it was made from follows from the digest."""
    bits = struct.unpack("<q", struct.pack("<d", fuller.pd))[0]
    since = fuller.registered_on or "-"
    months = (fuller.shown["sale"], fuller.shown["purchase"], fuller.months)
    return " ".join(map(str, (fuller.features_sha256, fuller.depth, fuller.score, fuller.grade, bits, *months, since)))


def _fuller(frame: pl.DataFrame) -> list[pl.Expr]:
    """Return `_supposed` of each row that has a fuller file, as a member."""
    if FULLER not in frame.columns:
        return []
    told = pl.col(FULLER).struct
    bits = pl.Series(frame[FULLER].struct.field("pd").to_numpy().view(np.int64))
    heads = [told.field(name) for name in ("features_sha256", "depth", "score", "grade")]
    months = [told.field("shown").struct.field(side) for side in ("sale", "purchase")]
    words = [*heads, pl.lit(bits), *months, told.field("months"), told.field("registered_on").fill_null("-")]
    member = pl.concat_str([pl.lit('","fuller":"'), pl.concat_str(words, separator=" ")])
    return [pl.when(pl.col(FULLER).is_not_null()).then(member).otherwise(pl.lit(""))]


def _ruled(frame: pl.DataFrame) -> list[pl.Expr]:
    if OVERLAY not in frame.columns:
        return []
    told = frame[OVERLAY].cast(pl.String)
    said = {text: f'","overlay_sha256":"{_sha256(text.encode())}' for text in told.unique().drop_nulls()}
    return [pl.lit(told.replace_strict(said, default="", return_dtype=pl.String))]


def _sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


@lru_cache(maxsize=4)
def _endings(count: int) -> pl.Series:
    return pl.Series([numbered("", place) + '"}\n' for place in range(count)], dtype=pl.String)
