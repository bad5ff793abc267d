"""Data that comes in: files and records, and what became of them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import IO, Any, cast

from smecredit.answers import Channel, Connector, ConnectorDetail, Import, ImportKind, Preview, RecordKind
from smecredit.client.calls import Calls, Json, OnProgress, given, segment

# How the files begin that are looked at as a whole, and how much of any other file a look needs.
WHOLE, BOM, HEAD_OF_A_TEXT = (b"PK", b"PAR1", b"\xd0\xcf", b"[", b"{", b"<"), b"\xef\xbb\xbf \t\r\n", 8 << 20


class Imports(Calls):
    """Files and records that are handed in; an import goes on in the background until it is done."""

    def import_file(
        self,
        kind: ImportKind,
        file: Path,
        *,
        on_sent: OnProgress | None = None,
        connector: str | None = None,
        enterprise: str | None = None,
        channel: Channel | None = None,
        stated_on: date | str | None = None,
    ) -> Import:
        """Hand in a file and return its import, which goes on in the background: see `wait_import`.

        `connector` names the source's own layout (see `connectors`), `enterprise` the one that all rows are about
        where the file does not say, `channel` the lawful way by which the data came,
        `stated_on` the day on which the source made the file: what was stated later stands against it.
        """
        about = given(connector=connector, enterprise=enterprise, channel=channel, stated_on=stated_on)
        return cast("Import", self._send("/v1/imports", file, on_sent, {"kind": kind, **about}))

    def _send(
        self, path: str, file: Path, on_sent: OnProgress | None, about: Mapping[str, Any], most: int | None = None
    ) -> Any:
        """Send a file as it is, or its first `most` bytes, with what is said of it, and return the answer."""
        size = min(file.stat().st_size, most) if most else file.stat().st_size
        with file.open("rb") as whole:
            opened = io.BytesIO(whole.read(most)) if most else whole
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
            body = cast("IO[bytes]", _CountedFile(opened, size, on_sent)) if on_sent else opened
            query = {"filename": file.name, **about}
            return self._wire.call("POST", path, body=body, query=query, headers=headers).json()

    def add_records(
        self, enterprise: str, kind: RecordKind, records: Sequence[Mapping[str, Any]], *, channel: Channel | None = None
    ) -> Import:
        """Send up to a thousand records of a firm, all or none, and return their import: see `wait_import`."""
        path = f"/v1/enterprises/{segment(enterprise)}/{kind}"
        return self._post(Import, path, {"records": list(records)}, channel=channel)

    def preview_import(
        self,
        file: Path,
        *,
        on_sent: OnProgress | None = None,
        kind: ImportKind | None = None,
        connector: str | None = None,
        enterprise: str | None = None,
    ) -> Preview:
        """Look at a file without handing it in: its kind, its columns, its first rows as they would be booked.

        Its `declaration`, corrected or not, is what `save_connector` takes; nothing else of it is stored. Of a large
        text the first part is sent, as no more of it is looked at.
        """
        about = given(kind=kind, connector=connector, enterprise=enterprise)
        return cast("Preview", self._send("/v1/import-previews", file, on_sent, about, most=_looked_at(file)))

    def connectors(self) -> list[Connector]:
        """Return the layouts of sources that are understood as they are: shipped ones, and your own in their newest."""
        return list(self._pages(Connector, "/v1/connectors"))

    def connector(self, name: str) -> ConnectorDetail:
        """Return a connector with its `declaration`: a shipped one, or the newest version of your own."""
        return self._get(ConnectorDetail, f"/v1/connectors/{segment(name)}")

    def save_connector(
        self, name: str, declaration: Mapping[str, Any], *, replaces: int | None = None
    ) -> ConnectorDetail:
        """Save a connector of your own, or its next version; imports can name it from now on.

        `replaces` is the version that you read: where there is a newer one, nothing is saved and `Problem` raised.
        """
        headers = {} if replaces is None else {"If-Match": f'"{replaces}"'}
        answer = self._wire.call("PUT", f"/v1/connectors/{segment(name)}", value=dict(declaration), headers=headers)
        return cast("ConnectorDetail", answer.json())

    def retire_connector(self, name: str) -> None:
        """End a connector of your own for new imports; its versions stay."""
        self._wire.call("DELETE", f"/v1/connectors/{segment(name)}")

    def get_import(self, import_id: str) -> Import:
        """Return an import and its counts."""
        return self._get(Import, f"/v1/imports/{segment(import_id)}")

    def import_usage(self) -> Json:
        """Return how many bytes of files you have sent today and are kept of you, and how many are left."""
        return self._get(Json, "/v1/imports/usage")

    def withdraw_import(self, import_id: str) -> Import:
        """Take an import back and wait until its rows have ended; see its `withdrawal`."""
        path = f"/v1/imports/{segment(import_id)}"
        self._post(Import, f"{path}/withdraw", {})
        return self._finished(Import, path, None)

    def imports(self) -> Iterator[Import]:
        """Return all imports, newest first."""
        return self._pages(Import, "/v1/imports")

    def rejects(self, import_id: str) -> str:
        """Return the rejected rows of an import as CSV: line, column, value, reason."""
        return self._wire.call("GET", f"/v1/imports/{segment(import_id)}/rejects").body.decode("utf-8-sig")

    def rejected_rows(self, import_id: str) -> bytes:
        """Return the rejected rows as the sender's own file with reasons, to be corrected and sent again.

        A CSV; of a workbook with several sheets a zip of them. Raises `Problem` where nothing was rejected.
        """
        path = f"/v1/imports/{segment(import_id)}/rejects"
        return self._wire.call("GET", path, query={"form": "file"}).body

    def wait_import(self, import_id: str, on_progress: OnProgress | None = None) -> Import:
        """Wait until an import is done and return it; raise `Problem` where it failed."""
        return self._finished(Import, f"/v1/imports/{segment(import_id)}", on_progress)


def _looked_at(file: Path) -> int | None:
    """Return how much of a file a look at it needs: all of a workbook or the like, the first part of a text."""
    with file.open("rb") as opened:
        return None if opened.read(4).lstrip(BOM).startswith(WHOLE) else HEAD_OF_A_TEXT


class _CountedFile:
    """A file that tells how much of it has been read; it can be rewound for a retry."""

    def __init__(self, file: IO[bytes], size: int, on_sent: OnProgress) -> None:
        self._file, self._size, self._on_sent = file, size, on_sent

    def read(self, amount: int = -1) -> bytes:
        """Return the next bytes."""
        data = self._file.read(amount)
        self._on_sent(self._file.tell(), self._size)
        return data

    def tell(self) -> int:
        """Return where the file stands."""
        return self._file.tell()

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        """Go elsewhere in the file."""
        return self._file.seek(place, whence)
