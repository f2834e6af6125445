"""A child that does not outlive its parent, whatever ends the parent."""

import ctypes
import os
import sys
from collections.abc import Callable

_SET_PARENT_DEATH_SIGNAL = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def tied_to(parent: int, signal_number: int) -> Callable[[], None]:
    """What a child runs before its program: the kernel sends it that signal when the parent is gone (Linux)."""

    def tie() -> None:
        if _libc is not None:
            _libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal_number)
            if os.getppid() != parent:
                os._exit(1)  # it was gone before the tie held

    return tie
