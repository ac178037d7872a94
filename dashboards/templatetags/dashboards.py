"""Small drawings of the dashboard, and the status of the sites where the set-up begins."""

from typing import Any

from django import template
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboards.glance import glances
from sites.viewing import viewer_of

register = template.Library()
WIDTH, HEIGHT = 120, 10


@register.inclusion_tag("dashboards/sites_at_a_glance.html", takes_context=True)
def sites_at_a_glance(context: template.Context) -> dict[str, Any]:
    """The sites of each study that the signed-in person manages, with the figures of the overview."""
    request: HttpRequest = context["request"]
    viewer = viewer_of(request)
    return glances(viewer.access, now=viewer.now)


@register.simple_tag
def target_bar(enrolled: int, target: int) -> SafeString:
    """A bar of enrolled against target; beyond the target it goes on in another colour behind a mark.

    Decoration: the same numbers stand in words beside it.
    """
    scale = max(enrolled, target, 1)
    done = WIDTH * min(enrolled, target) / scale
    over = WIDTH * max(enrolled - target, 0) / scale
    mark = (
        format_html('<line class="bar-mark" x1="{0}" x2="{0}" y1="0" y2="{1}"/>', f"{done:.1f}", HEIGHT) if over else ""
    )
    return format_html(
        '<svg class="bar" viewBox="0 0 {w} {h}" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect class="bar-track" width="{w}" height="{h}" rx="3"/>'
        '<rect class="bar-done" width="{done}" height="{h}" rx="3"/>'
        '<rect class="bar-over" x="{done}" width="{over}" height="{h}"/>{mark}</svg>',
        w=WIDTH,
        h=HEIGHT,
        done=f"{done:.1f}",
        over=f"{over:.1f}",
        mark=mark,
    )
