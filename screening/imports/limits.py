"""How much of a file is read: each limit is checked before what lies behind it is read or unpacked."""

MIB = 1024 * 1024

LARGEST_FILE = 10 * MIB
MOST_ROWS = 20_000
MOST_COLUMNS = 800
MOST_CELLS = 500_000
LONGEST_CELL = 2_000
MOST_SUBJECTS = 1_000
"""A commit takes about 20 ms for each, in one transaction, and nobody else of the study enters subjects meanwhile.

Ten times slower, on a machine that has much else to do, a worker still ends it within CELERY_TASK_SOFT_TIME_LIMIT.
"""
MOST_ENTRIES = 20_000
"""Facts, therapies and toxicities of one file, or resources of one bundle."""

MOST_PARTS = 500
MOST_UNPACKED = 60 * MIB
"""A workbook is a zip archive: its parts, and what they may hold once unpacked, all of them together."""
HIGHEST_RATIO = 200
"""Unpacked over packed, of a part larger than one MiB; what people write stays far below it."""


def in_mib(size: int) -> str:
    return f"{size // MIB} MiB"
