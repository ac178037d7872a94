"""Template tags that every page uses: icons, chips for statuses and verdicts, days and times."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from trialops.forms import day_in_words
from trialops.language import word

register = template.Library()

DRAWINGS = {
    "dot": '<circle cx="8" cy="8" r="5.5" fill="currentColor"/>',
    "ring": '<circle cx="8" cy="8" r="5" fill="none" stroke="currentColor" stroke-width="2"/>',
    "half": '<circle cx="8" cy="8" r="5" fill="none" stroke="currentColor" stroke-width="2"/>'
    '<path d="M8 3a5 5 0 0 1 0 10z" fill="currentColor"/>',
    "bar": '<circle cx="8" cy="8" r="6" fill="currentColor"/>'
    '<path d="M4.5 8h7" stroke="var(--surface)" stroke-width="2"/>',
    "pause": '<path d="M5.5 3v10M10.5 3v10" stroke="currentColor" stroke-width="2.6"/>',
    "check": '<path d="M3 8.5l3.4 3.4L13 4.8" fill="none" stroke="currentColor" stroke-width="2.2"/>',
    "cross": '<path d="M4 4l8 8M12 4l-8 8" stroke="currentColor" stroke-width="2.2"/>',
    "stop": '<path d="M5.4 2h5.2L14 5.4v5.2L10.6 14H5.4L2 10.6V5.4z" fill="currentColor"/>',
    "question": '<path d="M5.4 6a2.6 2.6 0 1 1 3.9 2.3c-.9.5-1.3.9-1.3 1.9" fill="none" stroke="currentColor" '
    'stroke-width="2"/><circle cx="8" cy="13" r="1.3" fill="currentColor"/>',
    "arrow": '<path d="M3 8h9M8.5 4.2L12.3 8l-3.8 3.8" fill="none" stroke="currentColor" stroke-width="2"/>',
    "drop": '<path d="M8 1.8c2.4 3 4 5 4 7.2a4 4 0 1 1-8 0c0-2.2 1.6-4.2 4-7.2z" fill="currentColor"/>',
    "flag": '<path d="M4 14V2.5h8l-2 3 2 3H4" fill="none" stroke="currentColor" stroke-width="2"/>',
    "exit": '<path d="M9 3H3v10h6M7 8h7M11.4 5.2L14.2 8l-2.8 2.8" fill="none" stroke="currentColor" '
    'stroke-width="1.8"/>',
    "clock": '<circle cx="8" cy="8" r="5.6" fill="none" stroke="currentColor" stroke-width="1.8"/>'
    '<path d="M8 4.8V8l2.4 1.6" fill="none" stroke="currentColor" stroke-width="1.8"/>',
    "alert": '<path d="M8 1.8l6.6 12H1.4z" fill="none" stroke="currentColor" stroke-width="1.8"/>'
    '<path d="M8 6v3.6M8 11v1.6" stroke="currentColor" stroke-width="1.8"/>',
    "mail": '<path d="M1.8 3.5h12.4v9H1.8zM2 4l6 5 6-5" fill="none" stroke="currentColor" stroke-width="1.6"/>',
}

LOOKS = {
    # site status
    "not_yet_recruiting": ("quiet", "ring"),
    "recruiting": ("good", "dot"),
    "enrolling_by_invitation": ("good", "half"),
    "active_not_recruiting": ("info", "bar"),
    "suspended": ("warn", "pause"),
    "terminated": ("bad", "stop"),
    # site status and subject state
    "completed": ("quiet", "flag"),
    "withdrawn": ("quiet", "exit"),
    # subject state
    "pre_screened": ("quiet", "ring"),
    "in_screening": ("info", "half"),
    "enrolled": ("strong", "arrow"),
    "treated": ("strong", "drop"),
    "screen_failed": ("bad", "cross"),
    # verdicts
    "eligible": ("good", "check"),
    "ineligible": ("bad", "cross"),
    "undetermined": ("warn", "question"),
    "satisfied": ("good", "check"),
    "violated": ("bad", "cross"),
    "unknown": ("warn", "question"),
    # protocol versions, and what differs between two
    "draft": ("info", "half"),
    "published": ("good", "check"),
    "superseded": ("quiet", "flag"),
    "added": ("good", "dot"),
    "removed": ("bad", "cross"),
    "changed": ("info", "half"),
    # reviews and their signatures
    "awaiting": ("warn", "clock"),
    "returned": ("info", "question"),
    "confirmed": ("good", "check"),
    "over": ("quiet", "flag"),
    "void": ("bad", "alert"),
    # reminders
    "planned": ("quiet", "clock"),
    "due": ("warn", "clock"),
    "sent": ("info", "mail"),
    "acknowledged": ("good", "half"),
    "waiting": ("quiet", "clock"),
    "failed": ("bad", "alert"),
    "dropped": ("quiet", "cross"),
    "done": ("good", "check"),
    "missed": ("bad", "alert"),
    "late": ("bad", "alert"),
    "cancelled": ("quiet", "cross"),
    "stale": ("warn", "alert"),
}
"""Value to tone and shape: a status is told by shape, word and colour, never by colour alone."""


@register.simple_tag
def icon(name: str) -> SafeString:
    """A small drawing in the colour of the text; decoration only, hidden from screen readers."""
    drawing = mark_safe(DRAWINGS.get(name, DRAWINGS["ring"]))  # noqa: S308  constants of this module
    return format_html('<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">{}</svg>', drawing)


@register.simple_tag
def chip(value: str, label: str = "") -> SafeString:
    """A status as shape, word and colour; `value` picks the look, `label` is the word."""
    tone, shape = LOOKS.get(str(value), ("quiet", "ring"))
    return format_html('<span class="chip {}">{}{}</span>', tone, icon(shape), label or word(value))


register.filter("in_words", word)


@register.filter
def day(value: date | str | None) -> SafeString | str:
    """A calendar day that cannot be misread: 20 Nov 2026; an ISO text is accepted too. Empty for None."""
    if not value:
        return ""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value[:10])
        except ValueError:
            return str(value)
    return format_html('<time datetime="{}">{}</time>', value.isoformat()[:10], day_in_words(value))


@register.filter
def at(value: datetime | None, zone: ZoneInfo | str) -> SafeString | str:
    """A moment in a site's zone, with the zone shown: 20 Nov 2026, 08:00 EST."""
    if value is None:
        return ""
    local = value.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)
    text = f"{date_format(local, 'j M Y, H:i')} {local.tzname()}"
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), text)


@register.filter
def day_at(value: datetime | None, zone: ZoneInfo) -> SafeString | str:
    """The calendar day of a moment in a site's zone."""
    return day(value.astimezone(zone).date()) if value else ""
