"""Where what is kept here and the registry's record differ: the study as a whole, and site by site."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from sites.models import InvestigatorTerm, Site, Study
from sites.queries import StatusInForce, overall_status, principal_investigators, site_days, statuses_in_force
from sites.registry.reading import Location, RegistryRecord


@dataclass(frozen=True)
class Difference:
    """One thing that is not said alike; an empty text is nothing said."""

    what: str
    ours: str
    registry: str


@dataclass(frozen=True)
class Pair:
    """A site and the location of the registry taken for it; one of the two may be missing."""

    site: Site | None
    location: Location | None
    differences: tuple[Difference, ...] = ()

    @property
    def agrees(self) -> bool:
        return self.site is not None and self.location is not None and not self.differences


@dataclass(frozen=True)
class Comparison:
    """A study beside its registry record."""

    study: tuple[Difference, ...]
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        return not self.study and all(pair.agrees for pair in self.pairs)


def compare_with_registry(study: Study, record: RegistryRecord, *, now: datetime) -> Comparison:
    """The study as it stands today, each site on its own day, beside one version of the registry's record."""
    sites = list(study.sites.all())
    days = site_days(sites, now)
    in_force, principals = statuses_in_force(sites, days=days), principal_investigators(sites, days=days)
    pairs = tuple(
        Pair(site, location, _of_site(site, location, in_force.get(site.pk), principals.get(site.pk)))
        if site and location
        else Pair(site, location)
        for site, location in paired(sites, record.locations)
    )
    status = overall_status(study, in_force, sites)
    found = [
        _if_unlike(_("status"), status.value.upper(), record.status_word),
        _if_unlike(_("title"), study.title, record.title, _words),
        _if_unlike(_("sponsor"), study.sponsor, record.sponsor, _words),
        _if_unlike(_("phase"), study.phase, record.phase, _words),
    ]
    notes = []
    if record.enrollment_type == "ACTUAL":
        notes.append(
            _("The registry counts %(count)s persons actually enrolled; a planned number is not compared with that.")
            % {"count": record.enrollment}
        )
    elif record.enrollment is not None:
        planned = "" if study.planned_enrollment is None else str(study.planned_enrollment)
        found.append(_if_unlike(_("planned enrollment"), planned, str(record.enrollment)))
    return Comparison(tuple(each for each in found if each), pairs, tuple(notes))


def paired(sites: Sequence[Site], locations: Sequence[Location]) -> list[tuple[Site | None, Location | None]]:
    """Each site with its location: the same facility in the same city, else the only one left in that city."""
    left, unpaired = list(locations), []
    pairs: list[tuple[Site | None, Location | None]] = []
    for site in sites:
        alike = [
            each for each in left if _place(each) == _place(site) and _words(each.facility) == _words(site.facility)
        ]
        if alike:
            left.remove(alike[0])
            pairs.append((site, alike[0]))
        else:
            unpaired.append(site)
    for site in unpaired:
        here = [each for each in left if _place(each) == _place(site)]
        only = len(here) == 1 and sum(_place(other) == _place(site) for other in unpaired) == 1
        if only:
            left.remove(here[0])
        pairs.append((site, here[0] if only else None))
    order = {site.pk: place for place, site in enumerate(sites)}
    pairs.sort(key=lambda pair: order[pair[0].pk] if pair[0] else len(order))
    return [*pairs, *((None, each) for each in left)]


def _of_site(
    site: Site, location: Location, status: StatusInForce | None, principal: InvestigatorTerm | None
) -> tuple[Difference, ...]:
    ours = status.status.value.upper() if status else ""
    named = principal.investigator.name if principal else ""
    found = [
        _if_unlike(_("status"), ours, location.status_word),
        _if_unlike(_("facility"), site.facility, location.facility, _words),
        _if_unlike(_("principal investigator"), named, location.principal, _person),
        _if_unlike(_("contact's telephone"), site.contact_phone, location.contact_phone, _digits),
    ]
    return tuple(each for each in found if each)


def _if_unlike(what: str, ours: str, registry: str, alike_as: Callable[[str], object] = str.strip) -> Difference | None:
    """What the registry leaves empty is no difference: it does not name everything."""
    if not registry or alike_as(ours) == alike_as(registry):
        return None
    return Difference(what, ours, registry)


def _words(text: str) -> tuple[str, ...]:
    """Letters and digits alone, without case and accents."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return tuple(re.findall(r"[a-z0-9]+", plain.casefold()))


def _person(text: str) -> tuple[str, ...]:
    """A person's name without what follows the first comma (M.D.)."""
    return _words(text.partition(",")[0])


def _digits(text: str) -> str:
    """A telephone number by its last ten digits, with or without the country's."""
    return "".join(re.findall(r"\d", text))[-10:]


def _place(of: Site | Location) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return _words(of.city), _words(of.country)
