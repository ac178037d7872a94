"""`manage.py refill_counts`: make the counts again from the state rows, site by site."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from screening.counts import refill_site, sites_to_count


class Command(BaseCommand):
    help = (
        "Make every site's counts again from its rows. Each site is one transaction; after an interruption go on with "
        "--after and the number of the last site that was told."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--after", type=int, default=0, metavar="SITE", help="Go on after this site's number.")

    def handle(self, *args: Any, **options: Any) -> None:
        for site in sites_to_count(after=options["after"]):
            refill_site(site)
            self.stdout.write(f"{site.code} (site {site.pk}): counted")
