"""What fails in a zip is the zip's fault; what fails on this machine is not."""

from __future__ import annotations

import errno
import io
import zipfile

import pytest

from services.profile.book.readers.sheets import UnreadableFile
from services.profile.book.readers.unzip import unzipped


def packed() -> bytearray:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("one.csv", "a,b\n1,2\n")
    return bytearray(file.getvalue())


def directory(data: bytearray) -> int:
    return data.rindex(b"PK\x01\x02")


def read(data: bytes) -> bytes:
    with unzipped(io.BytesIO(data)) as archive:
        return archive.read("one.csv")


def test_a_whole_zip_is_read() -> None:
    assert read(bytes(packed())) == b"a,b\n1,2\n"


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (8, 1, "password"),  # the flag of a locked entry
        (10, 97, "unusual way"),  # a packing that is not known
        (16, 1, "damaged"),  # another checksum
        (42, 99, "damaged"),  # an offset behind the end
    ],
)
def test_what_is_wrong_with_a_zip_is_told_in_words(place: int, value: int, words: str) -> None:
    data = packed()
    data[directory(data) + place] = value
    with pytest.raises(UnreadableFile, match=words):
        read(bytes(data))


def test_a_full_disk_is_not_the_sender_s_fault() -> None:
    """It passes as it is, so that the job is tried again."""
    with pytest.raises(OSError, match="No space") as found, unzipped(io.BytesIO(packed())):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert found.value.errno == errno.ENOSPC
