"""Names that a file system may take for one: of other case, or with accents put in another way. Spec: RS-034."""

import binascii
import os

from .codes import TEMPORARY
from .later import loading
from .system import CREATE_FILE


def fold(name):
    """Return what names have in common that some file systems do not tell apart: case, and how accents are put."""
    text = name.decode("utf-8", "replace")
    if len(text) == len(name):
        return name.lower()
    with loading():
        from unicodedata import normalize

    return normalize("NFC", text).lower().encode("utf-8", "replace")


def folded_names(names):
    """Return what ``fold`` returns for each name."""
    joined = b"\0".join(names)
    try:
        joined.decode("ascii")
    except UnicodeDecodeError:
        return [fold(name) for name in names]
    return joined.lower().split(b"\0") if names else []


class CaseFolding(object):
    """Whether the file system of the destination does so, which is found out when it matters."""

    def __init__(self, sync):
        self.sync = sync
        self.is_folding = None  # whether it does, once that is known

    def folds(self, folder_number):
        """Return whether the file system takes names of different case for one. Spec: RS-034."""
        if self.is_folding is None and not self.sync.dry:
            folder = self.sync.tree.writable(folder_number)
            probe = TEMPORARY + b"Probe-" + binascii.hexlify(os.urandom(4))
            os.close(folder.open(probe, CREATE_FILE))
            self.is_folding = folder.maybe_lstat(probe.lower()) is not None
            folder.unlink(probe)
        return bool(self.is_folding)

    def find_folded(self, folder_number, names, there):
        """Find what is there under another case, where the file system does not care."""
        missing = [name for name in names if name not in there]
        missing = dict(zip(folded_names(missing), missing))
        if not missing or len(names) - len(missing) == len(there):
            return
        wanted = set(names)
        for other in [other for other in there if other not in wanted and fold(other) in missing]:
            if not self.folds(folder_number):
                return
            there[missing[fold(other)]] = there.pop(other)
