"""`make audit`: known vulnerabilities of what uv.lock names, told apart from not having been able to ask."""

import subprocess
import sys
from collections.abc import Sequence

FOUND, NOT_CHECKED = 1, 69
"""Exit statuses; the second is EX_UNAVAILABLE of sysexits.h."""


def audit(uv: str, options: Sequence[str] = ()) -> int:
    """Ask about every locked package, all groups included; 0 when nothing is known of any of them."""
    command = [uv, "audit", "--frozen", "--preview-features", "audit-command", *options]
    try:
        status = subprocess.run(command, check=False).returncode
    except OSError as error:
        print(f"uv cannot be run: {error.strerror}.", file=sys.stderr)
        return NOT_CHECKED
    if status == FOUND:
        print(
            "Vulnerabilities are known: see above, and SECURITY.md for how soon each has to be mended.", file=sys.stderr
        )
    elif status:
        print(
            "NOTHING WAS CHECKED: the vulnerability service could not be asked. That is no all-clear; run make audit "
            "again where it can be reached.",
            file=sys.stderr,
        )
    return status if status in {0, FOUND} else NOT_CHECKED


if __name__ == "__main__":
    sys.exit(audit(sys.argv[1], sys.argv[2:]))
