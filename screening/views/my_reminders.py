"""A person's own reminders: the list, one reminder with what became of it, and acknowledging."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from screening.context import hears
from screening.models import Reminder, ReminderState
from screening.preference_forms import OperatorForm
from screening.reminders.queries import coming, reminders_visible, wanting_attention
from screening.reminders.services import acknowledge
from sites.viewing import Viewer, viewer_of
from trialops.audit.context import read_by

R = ReminderState
SHOWN = 200
CAN_BE_ACKNOWLEDGED = {R.DUE, R.SENT, R.MISSED}
CAN_BE_RESENT = {R.DUE, R.SENT, R.ACKNOWLEDGED, R.MISSED}


@require_safe
def my_reminders(request: HttpRequest) -> HttpResponse:
    """What wants the person's attention now, and what comes within 14 days; over all of their sites."""
    viewer = viewer_of(request)
    if not hears(viewer.access):
        raise PermissionDenied(_("Reminders are for the people of the sites and for study managers."))
    wanting = list(wanting_attention(viewer.access, now=viewer.now).order_by("window_to", "id")[:SHOWN])
    context = {
        "section": "reminders",
        "missed": [row for row in wanting if row.state == R.MISSED],
        "due": [row for row in wanting if row.state != R.MISSED],
        "coming": list(coming(viewer.access, now=viewer.now)[:SHOWN]),
        "shown": SHOWN,
    }
    return render(request, "screening/my_reminders.html", context)


@require_safe
def reminder_page(request: HttpRequest, reminder_id: UUID) -> HttpResponse:
    """One reminder: where a mail's link leads after the sign-in."""
    viewer = viewer_of(request)
    reminder = _or_404(viewer, reminder_id)
    if reminder.subject_id:
        read_by(request, subject=reminder.subject_id)
    context = {
        "section": "reminders",
        "reminder": reminder,
        "site": reminder.site,
        "study": reminder.site.study,
        "acknowledgements": reminder.acknowledgements.select_related("recorded_by"),
        "notices": reminder.notices.select_related("message__user", "message__endpoint").order_by("id"),
        "interventions": reminder.interventions.select_related("recorded_by"),
        "replaced_by": reminder.replaced_by.first(),
        "may_acknowledge": reminder.state in CAN_BE_ACKNOWLEDGED and viewer.access.may_screen_at(reminder.site),
        "may_resend": reminder.state in CAN_BE_RESENT and viewer.access.manages(reminder.site.study),
        "form": OperatorForm(),
    }
    return render(request, "screening/reminder.html", context)


@require_POST
def acknowledge_reminder(request: HttpRequest, reminder_id: UUID) -> HttpResponse:
    """Take notice of a reminder; back to where it was clicked."""
    viewer = viewer_of(request)
    reminder = _or_404(viewer, reminder_id)
    if not viewer.access.may_screen_at(reminder.site):
        raise PermissionDenied
    try:
        acknowledge(reminder=reminder, by=viewer.user, now=viewer.now)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Acknowledged: %(reminder)s") % {"reminder": reminder})
    return redirect("reminders") if request.POST.get("back") == "list" else redirect("reminder", reminder.pk)


def _or_404(viewer: Viewer, reminder_id: UUID) -> Reminder:
    """A reminder that the person may see; one of another site is as absent as one that does not exist."""
    reminder = reminders_visible(viewer.access).filter(pk=reminder_id).first()
    if reminder is None:
        raise Http404
    return reminder
