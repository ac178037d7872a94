"""Small drawings of the dashboard."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()
WIDTH, HEIGHT = 120, 10


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
