"""`manage.py verify_fact_sheets`: prove that every fact sheet says what the rows say; mend and name what does not."""

from typing import Any

from django.core.management.base import BaseCommand

from screening.fact_sheets import verify_fact_sheets


class Command(BaseCommand):
    help = (
        "Compare every subject's fact sheet with its rows and mend what differs. A sheet that waits to be made again "
        "is normal; one that is called current and differs is not, and then the exit status is 1."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        verified = verify_fact_sheets()
        for pk in verified.stale:
            self.stdout.write(f"subject {pk}: made again from its rows")
        for pk in verified.wrong:
            self.stderr.write(f"subject {pk}: was unlike its rows; mended")
        self.stdout.write(
            f"{verified.sheets} sheets: {len(verified.stale)} made again, {len(verified.wrong)} wrong and mended."
        )
        if verified.wrong:
            raise SystemExit(1)
