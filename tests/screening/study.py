"""The reference study as tests need it: loaded from its documents, with a site that is open."""

from datetime import date, datetime

from django.utils import timezone

from screening.publishing import SHIPPED, publish_protocol
from sites.models import Site, Study
from sites.services import change_site_status
from sites.statuses import SiteStatus
from sites.study_document import read_study_document, store_study
from trialops.accounts.models import User

LOADED = datetime(2025, 1, 2, 15, tzinfo=timezone.get_fixed_timezone(0))


def open_reference_site(code: str = "JAX") -> Site:
    """The reference study with its protocol published; the site named (and the other) recruiting since 2025-01-02."""
    by, _ = User.objects.get_or_create(username="set-up")
    study = store_study(read_study_document("NCT03464916"), by=by, today=date(2025, 1, 2), with_status=False)
    text = (SHIPPED / "NCT03464916.yaml").read_text(encoding="utf-8")
    publish_protocol(study=study, text=text, by=by, now=LOADED)
    for site in study.sites.all():
        if not site.status_changes.exists():
            change_site_status(
                site=site, status=SiteStatus.RECRUITING, effective_on=date(2025, 1, 2), by=by, now=LOADED
            )
    return Site.objects.get(study=study, code=code)


def open_example_site(code: str = "EX") -> Site:
    """The invented example study with its protocol published, and one site of it that recruits since 2025-01-02."""
    by, _ = User.objects.get_or_create(username="set-up")
    study = Study.objects.create(registry_id="NCT00000002", title="An invented example", short_title="ITP example")
    site = Site.objects.create(study=study, code=code, facility="Example Clinic", time_zone="America/New_York")
    publish_protocol(study=study, text=(SHIPPED / "NCT00000002.yaml").read_text(encoding="utf-8"), by=by, now=LOADED)
    change_site_status(site=site, status=SiteStatus.RECRUITING, effective_on=date(2025, 1, 2), by=by, now=LOADED)
    return site
