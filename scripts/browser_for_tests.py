"""Makes sure there is a Chromium for the browser tests: uses the machine's own, else installs Debian's by apt.

Says in one sentence what is missing where that cannot be done, and ends with 1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "The browser tests need Chromium, and it is not installed and could not be: install the package `chromium` "
    "(or Google Chrome) and run `make test` again."
)


def main() -> int:
    """Find or install it."""
    if any(shutil.which(program) for program in PROGRAMS):
        return 0
    if shutil.which("apt-get") is None:
        return _missing("this machine has no apt-get")
    print("Installing Chromium for the browser tests (apt-get install chromium) …", flush=True)
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        run = subprocess.run(
            [*prefix, "apt-get", *arguments], env=environment, capture_output=True, text=True, check=False
        )
        if run.returncode != 0:
            return _missing((run.stderr.strip().splitlines() or ["apt-get failed"])[-1])
    return 0 if shutil.which("chromium") else _missing("apt-get installed no chromium")


def _missing(why: str) -> int:
    print(f"{MISSING} ({why})", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
