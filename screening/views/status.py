"""The page on which a site's status is changed, with what that means for the site's subjects."""

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from screening.models import Subject
from screening.states import SubjectState
from sites import views
from sites.models import Site
from sites.statuses import OPEN_FOR_SCREENING, TRANSITIONS, SiteStatus

S = SubjectState


class ChangeStatus(views.ChangeStatus):
    """Says how many subjects are in the middle of screening."""

    def effects(self, site: Site, current: SiteStatus | None, status: SiteStatus) -> tuple[str, ...]:
        said = super().effects(site, current, status)
        if status in OPEN_FOR_SCREENING:
            return said
        counts = dict(Subject.objects.filter(site=site).order_by().values_list("state").annotate(Count("pk")))
        screening, before = counts.get(S.IN_SCREENING, 0), counts.get(S.PRE_SCREENED, 0)
        inside = sum(counts.get(state, 0) for state in (S.ELIGIBLE, S.ENROLLED, S.TREATED))
        stay = []
        if screening:
            stay.append(
                ngettext("%d subject in screening stays.", "%d subjects in screening stay.", screening) % screening
            )
        if before:
            stay.append(
                ngettext(
                    "%d pre-screened subject cannot start screening.",
                    "%d pre-screened subjects cannot start screening.",
                    before,
                )
                % before
            )
        if inside and not TRANSITIONS[status]:
            stay.append(
                ngettext(
                    "%d subject is still eligible, enrolled or in treatment.",
                    "%d subjects are still eligible, enrolled or in treatment.",
                    inside,
                )
                % inside
            )
        return (*said, *(stay or [_("No subject is in screening.")]))
