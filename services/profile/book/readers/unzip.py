"""Opens a zip that somebody sent: what fails in it is told as its fault, and a full disk of ours is not."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL
from pathlib import Path
from typing import IO

from services.profile.book.readers.sheets import UnreadableFile

DAMAGED = "The zip is damaged or cut short; send it again. / 压缩包已损坏或不完整，请重新报送。"
UNUSUAL = (
    "The zip is packed in an unusual way; pack it anew as an ordinary zip (Deflate). "
    "/ 压缩方式不受支持，请重新打成普通 zip。"
)
LOCKED = (
    "The zip is locked by a password; take the password off and send it again. / 压缩包有密码，请去除密码后重新报送。"
)


@contextmanager
def unzipped(source: Path | IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """Open a zip for reading; raise `UnreadableFile` for whatever `zipfile` finds wrong with it, also later."""
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError):
        raise UnreadableFile(DAMAGED) from None
    except OSError as error:
        if error.errno != EINVAL:  # which is what an offset that lies comes to
            raise
        raise UnreadableFile(DAMAGED) from None
    except NotImplementedError:  # so `zipfile` says that it does not know a packing
        raise UnreadableFile(UNUSUAL) from None
    except RuntimeError:  # and so that it was given no password
        raise UnreadableFile(LOCKED) from None
