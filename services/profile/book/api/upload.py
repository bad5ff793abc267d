"""A file as it is sent: the part `file` of a form, or the raw body."""

from __future__ import annotations

from typing import IO

from flask import request
from werkzeug.exceptions import BadRequest

from services.profile.book.api.current import context

MULTIPART_OVERHEAD = 1 << 16
BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
        },
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}


def upload() -> tuple[str | None, IO[bytes]]:
    """Return the file of the request, and its name where the sender's form gives it one."""
    request.max_content_length = context().settings.largest_upload + MULTIPART_OVERHEAD
    if request.mimetype != "multipart/form-data":
        return None, request.stream
    sent = request.files.get("file")
    if sent is None:
        raise BadRequest(
            "Send the file as the part `file`, or as the raw body. / 请以表单的 file 部分或请求正文报送文件。"
        )
    return sent.filename or None, sent.stream
