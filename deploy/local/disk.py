"""Room on the disk, asked for before it is needed."""

import shutil
from pathlib import Path

from deploy.local.trouble import Trouble


def demand_space(folder: Path, needed: int) -> None:
    """Raise `Trouble` when the disk that `folder` lies on has less than `needed` bytes left."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Trouble(
            f"The disk is full: {folder} needs {needed // 1_000_000} MB and has {free // 1_000_000} MB. "
            "Make room, or point BEREDSKAB_HOME (data) or XDG_CACHE_HOME (downloads) to another disk."
        )
