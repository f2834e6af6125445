"""Programs that judge what `deploy/` says to Prometheus and Alertmanager. They come from Debian's packages.

`python -m tests.support.tools` looks for them, or unpacks them beside the Python of the tests without installing a
service, and says which it has. Where there is no Debian the tests that need one skip, and say so.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

BIN = Path(sys.executable).parent
PACKAGES = {
    "promtool": "prometheus",
    "amtool": "prometheus-alertmanager",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
}
SHARED = {"prometheus-alertmanager": Path("/usr/share/prometheus/alertmanager")}
"""What Debian's program reads from a fixed place, beside itself: it comes out of the same package."""
_PATH = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])


def found(tool: str) -> str | None:
    """Where the program is; None where it is not, or lacks what it reads from a fixed place."""
    shared = SHARED.get(tool)
    return None if shared and not shared.is_dir() else shutil.which(tool, path=_PATH)


def needed(tool: str) -> str:
    """Where the program is. Skips the test where there is none."""
    path = found(tool)
    if path is None:
        pytest.skip(f"{tool} is missing (Debian's package {PACKAGES[tool]}): `make test` fetches it where it can")
    return path


def set_up() -> str:
    """Find or unpack the programs; a sentence that says which are there."""
    missing = {PACKAGES[tool] for tool in PACKAGES if not found(tool)}
    if missing and shutil.which("apt-get") and shutil.which("dpkg-deb"):
        print(f"Unpacking {', '.join(sorted(missing))} of Debian for the tests …", flush=True)
        for package in sorted(missing):
            _ = _unpacked(package) or (_lists_fetched() and _unpacked(package))
    lacking = [tool for tool in PACKAGES if not found(tool)]
    if lacking:
        return f"Alert rules: {', '.join(lacking)} cannot be had here, so the tests that need them skip."
    return f"Alert rules: {found('promtool')}"


def _unpacked(package: str) -> bool:
    """Copy the programs out of the package, which is not installed: no user of its own, no service that starts."""
    with TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # apt-get downloads as a user of its own
        download = ["apt-get", "download", "-qq", package]
        if subprocess.run(download, cwd=folder, capture_output=True).returncode:
            return False
        for archive in Path(folder).glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", archive.name, "out"], cwd=folder, check=True)
        for tool in [tool for tool, its in PACKAGES.items() if its == package]:
            shutil.copy(Path(folder) / "out" / "usr" / "bin" / tool, BIN / tool)
            shared = SHARED.get(tool)
            if shared and not shared.is_dir() and os.access(shared.parents[1], os.W_OK):
                shutil.copytree(Path(folder, "out", *shared.parts[1:]), shared)
    return True


def _lists_fetched() -> bool:
    """Fetch the lists of packages, which a bare container has not; needs to be root or sudo."""
    may = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if may and not shutil.which("sudo"):
        return False
    return not subprocess.run([*may, "apt-get", "update", "-qq"], capture_output=True).returncode


if __name__ == "__main__":
    print(set_up())
