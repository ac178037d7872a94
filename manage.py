#!/usr/bin/env python
"""Django's command-line entry point for trialops."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialops.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db.utils import OperationalError

    from trialops.audit.context import typed_command
    from trialops.scope import system_scope

    try:
        with system_scope(), typed_command(sys.argv):  # whoever types commands works for the product, on all sites
            execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"trialops is not configured: {error}")
    except OperationalError as error:
        answer = str(error).strip()
        sys.exit(f"The database cannot be used: {answer}\nStart one with `make demo`, or mend DATABASE_URL.")


if __name__ == "__main__":
    main()
