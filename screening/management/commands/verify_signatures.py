"""`manage.py verify_signatures`: compare every signature with its record; what no longer agrees becomes void."""

from typing import Any

from django.core.management.base import BaseCommand

from screening.models import Subject
from screening.services.voiding import verify_signatures


class Command(BaseCommand):
    help = (
        "Compare every signature that is not void with the record as it is now. One whose record was changed, by "
        "whatever way, is made void and named; the exit status is 1 if there was any."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        checked, voided = verify_signatures(Subject.objects.all())
        for voiding in voided:
            self.stderr.write(f"{voiding.signature.state_change.subject}: void, {voiding.why}")
        self.stdout.write(f"{checked} subjects with signatures compared, {len(voided)} signatures made void")
        if voided:
            raise SystemExit(1)
