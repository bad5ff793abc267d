"""Files by name in an object store; its address is `s3://bucket/prefix`, the rest comes from the usual `AWS_*`."""

from __future__ import annotations

import filecmp
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast

import structlog

from chassis.core.breaker import Breaker, CircuitOpen
from chassis.core.errors import UpstreamUnavailable
from chassis.data.files.kept import Kept, borrowed, inside, prove

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore, S3Config

Result = TypeVar("Result")
log = structlog.get_logger()
# A request that waits for an answer is given up within the time that a caller waits; a large file takes longer.
CONNECT, ANSWER, RETRIES = timedelta(seconds=2), timedelta(seconds=60), 2
RETRY_AFTER_SECONDS = 5
# Up to this size a file goes in one request, which the store refuses where the name is taken.
AT_ONCE = 16 << 20
CHUNK = 8 << 20


class StoreUnreachable(UpstreamUnavailable):
    """The object store does not answer, or not to us."""


class Objects:
    """Files of an object store under an address: see `Files`. A file that is read lies in `scratch` for that time."""

    def __init__(self, url: str, scratch: Path, options: Mapping[str, str] | None = None) -> None:
        self.url = url.rstrip("/")
        self._scratch, self._options = scratch, dict(options or {})
        self._breaker = Breaker(most_failures=3, seconds=1.0)

    @cached_property
    def store(self) -> ObjectStore:
        """The store, connected to when it is first asked."""
        # Only where an object store is used must its client be there: it is an extra.
        from obstore.store import from_url  # noqa: PLC0415

        named = {key.lower(): value for key, value in self._options.items()}
        plain = named.pop("aws_allow_http", os.environ.get("AWS_ALLOW_HTTP", "")).lower() in {"1", "true"}
        return from_url(
            self.url,
            config=cast("S3Config", named),
            # Given any of these, the client asks the environment for none of them.
            client_options={"connect_timeout": CONNECT, "timeout": ANSWER, "allow_http": plain},
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=10)},
        )

    def ask(self, act: Callable[[], Result]) -> Result:
        """Return what an act on the store gives; raise `StoreUnreachable`, `FileNotFoundError`, `FileExistsError`."""
        from obstore.exceptions import AlreadyExistsError, BaseError  # noqa: PLC0415

        try:
            self._breaker.admit()
            result = act()
        except FileNotFoundError:
            self._breaker.succeeded()
            raise
        except AlreadyExistsError:
            self._breaker.succeeded()
            raise FileExistsError(self.url) from None
        except CircuitOpen:
            raise self._unreachable() from None
        except BaseError as error:
            self._breaker.failed()
            log.warning("object store failed", store=self.url, error=str(error).partition("\n")[0])
            raise self._unreachable() from error
        self._breaker.succeeded()
        return result

    @contextmanager
    def writing(self, name: str, *, again: bool = False) -> Iterator[IO[bytes]]:
        """Give a draft on this machine; it is sent as a whole when the block ends well."""
        with borrowed(self._scratch) as folder:
            draft = folder / "draft"
            with draft.open("xb") as file:
                yield file
            self.put(name, draft, again=again)

    def put(self, name: str, file: Path, *, again: bool = False) -> str | None:
        """Store a file of this machine; raise `FileExistsError` where other content has the name, unless `again`.

        Return the mark by which the store lists it, None where it was there already. A file too large for one request
        is not refused by the store: of two writers at a time the last one wins.
        """
        at_once = file.stat().st_size <= AT_ONCE
        if again or (not at_once and not self._is_there(name)):
            return self._send(name, file, use_multipart=not at_once, mode="overwrite")
        if at_once:
            # It exists also where the answer to our own first attempt was lost.
            with suppress(FileExistsError):
                return self._send(name, file, use_multipart=False, mode="create")
        self._same(name, file)
        return None

    def _same(self, name: str, file: Path) -> None:
        """Raise `FileExistsError` where a name is taken by other content."""
        with self.open(name) as there:
            if not filecmp.cmp(file, there, shallow=False):
                raise FileExistsError(name)

    def _send(self, name: str, file: Path, **how: Any) -> str | None:
        import obstore  # noqa: PLC0415

        sent = self.ask(lambda: obstore.put(self.store, inside(name), file, chunk_size=CHUNK, max_concurrency=4, **how))
        return sent["e_tag"]

    @contextmanager
    def open(self, name: str) -> Iterator[Path]:
        """Give a copy of the file that is gone, with what was written beside it, when the block ends."""
        with borrowed(self._scratch) as folder:
            copy = folder / "copy"
            self.fetch(name, copy)
            yield copy

    def fetch(self, name: str, into: Path) -> None:
        """Copy a file of the store to this machine; a copy that is not whole is refused as unreachable."""
        import obstore  # noqa: PLC0415

        def copied() -> None:
            got = obstore.get(self.store, inside(name))
            with into.open("wb") as file:
                for piece in got.stream(min_chunk_size=1 << 20):
                    file.write(piece)
            if into.stat().st_size != got.meta["size"]:
                raise self._unreachable()

        self.ask(copied)

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        import obstore  # noqa: PLC0415

        return self.ask(lambda: bytes(obstore.get(self.store, inside(name)).bytes()))

    def list(self, prefix: str = "", *, after: str | None = None) -> list[Kept]:
        """Return the files whose names begin so, by name; only those `after` a name where one is given."""
        try:
            found = self.ask(lambda: self._listed(prefix, after))
        except FileNotFoundError:  # the bucket itself
            raise self._unreachable() from None
        named = [_kept(each) for each in found if each["path"].startswith(prefix)]
        return sorted(named, key=lambda each: each.name)

    def _listed(self, prefix: str, after: str | None) -> Iterable[ObjectMeta]:
        import obstore  # noqa: PLC0415

        # The client lists whole folders, in the order of names: a beginning is sought from just before it on.
        folder, _, stem = prefix.rpartition("/")
        if stem and after is None:
            after = f"{prefix[:-1]}{chr(ord(prefix[-1]) - 1)}~"
        found: deque[ObjectMeta] = deque()
        for some in obstore.list(self.store, folder or None, offset=after):
            found += some
            if stem and found[-1]["path"] > prefix and not found[-1]["path"].startswith(prefix):
                break
        return found

    def delete(self, name: str) -> None:
        """Remove a file for good, if it is there."""
        import obstore  # noqa: PLC0415

        # Some stores say that what was not there is removed, others that it was not there.
        with suppress(FileNotFoundError):
            self.ask(lambda: obstore.delete(self.store, inside(name)))

    def probe(self) -> None:
        """Write a small file durably, read it and remove it; raise where that cannot be done."""
        prove(self)

    def _is_there(self, name: str) -> bool:
        import obstore  # noqa: PLC0415

        try:
            self.ask(lambda: obstore.head(self.store, inside(name)))
        except FileNotFoundError:
            return False
        return True

    def _unreachable(self) -> StoreUnreachable:
        return StoreUnreachable(
            f"The object store at {self.url} does not answer, or not to these credentials; ask again in a moment. "
            "The operator finds the cause in the log. / 对象存储暂不可用，请稍后重试；运营方可在日志中查明原因。",
            store=self.url,
            retry_after=RETRY_AFTER_SECONDS,
        )


def _kept(told: ObjectMeta) -> Kept:
    return Kept(str(told["path"]), int(told["size"]), told["e_tag"], told["last_modified"].timestamp())
