"""`manage.py verify_counts`: prove the counts equal to a recount of every state row; name what differs."""

from typing import Any

from django.core.management.base import BaseCommand

from screening.counts import sites_to_count, verify_site


class Command(BaseCommand):
    help = "Compare each site's counts with a recount of its rows. The exit status is 1 if any differs."

    def handle(self, *args: Any, **options: Any) -> None:
        sites = wrong = 0
        for site in sites_to_count():
            sites += 1
            differences = verify_site(site)
            wrong += bool(differences)
            for difference in differences:
                self.stderr.write(f"{site.code} (site {site.pk}), {difference}")
        self.stdout.write(f"{sites} sites: {wrong} with counts unlike a recount.")
        if wrong:
            self.stderr.write("Mend them: manage.py refill_counts")
            raise SystemExit(1)
