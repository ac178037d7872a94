"""`python -m assurance`: write the pages made of data; run the tests of the requirements and file the evidence."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from assurance import asvs, evidence, papers

PAGES: dict[Path, Callable[[], str]] = {
    asvs.PAGE: lambda: asvs.page(asvs.read()),
    papers.REQUIREMENTS_PAGE: papers.requirements_page,
    papers.REGULATIONS_PAGE: papers.regulations_page,
}
"""Each page that is made of data, and what makes it."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m assurance", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("pages", help="write the pages on security and validation anew")
    filing = actions.add_parser("evidence", help="run the tests of the requirements and file what they showed")
    filing.add_argument("directory", type=Path)
    filing.add_argument("--only", nargs="*", default=[], metavar="NUMBER", help="some requirements, such as V-012")
    actions.add_parser("servers", help="print the versions of the servers that the environment names")
    given = parser.parse_args()
    if given.action == "servers":
        print(json.dumps(evidence.servers()))
        return 0
    if given.action == "evidence":
        return evidence.file_evidence(given.directory, given.only)
    for path, made in PAGES.items():
        path.write_text(made(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
