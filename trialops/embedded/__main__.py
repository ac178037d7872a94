"""The command line of the embedded servers; see cli.py."""

import sys

from trialops.embedded.cli import main

sys.exit(main())
