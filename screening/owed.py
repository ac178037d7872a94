"""The results that wait for an investigator at the sites where a person works: asked once a request."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from screening.judging import open_judgements
from screening.models import Observation
from sites.models import Site
from sites.viewing import Viewer


@dataclass(frozen=True)
class Owed:
    """The sites that the person's roles name, and the results there that wait, the longest waiting first."""

    sites: Sequence[Site]
    results: Sequence[Observation]


def owed_behind(request: HttpRequest, viewer: Viewer) -> Owed:
    """What the header counts and the page of reviews lists is the same answer."""
    known = getattr(request, "owed", None)
    if isinstance(known, Owed):
        return known
    sites = list(viewer.access.sites.filter(pk__in=viewer.access.own_sites))
    request.owed = owed = Owed(sites, open_judgements(sites, now=viewer.now))  # type: ignore[attr-defined]
    return owed
