"""Reminders of the staff API: those that a person sees, and taking notice of one."""

from uuid import UUID

from django.http import Http404, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from screening.api.shapes import ReminderShape
from screening.reminders.queries import reminders_visible
from screening.reminders.services import acknowledge
from sites.viewing import viewer_of
from trialops.api.staff import InOrder, Json, StaffView, once
from trialops.api.staff_description import staff_describes


class RemindersPages(InOrder):
    ordering = ("due_at", "id")


class RemindersView(StaffView):
    """Every reminder of the sites whose subjects one may see, in the order in which they fall due."""

    @staff_describes(
        "list_reminders",
        "Reminders in the order in which they fall due",
        tag="reminders",
        answer=ReminderShape,
        pages=True,
    )
    def get(self, request: Request) -> Response:
        pages = RemindersPages()
        rows = pages.paginate_queryset(reminders_visible(viewer_of(request).access), request, view=self)
        return pages.get_paginated_response(ReminderShape(rows, many=True).data)


class AcknowledgementsView(StaffView):
    """Take notice of a reminder."""

    @staff_describes(
        "acknowledge_reminder", "Acknowledge a reminder", tag="reminders", answer=ReminderShape, status=201
    )
    def post(self, request: Request, reminder_id: UUID) -> HttpResponse:
        viewer = viewer_of(request)
        reminder = reminders_visible(viewer.access).filter(pk=reminder_id).first()
        if reminder is None:
            raise Http404
        if not viewer.access.may_screen_at(reminder.site):
            self.permission_denied(request)

        def take_notice() -> tuple[int, Json]:
            acknowledge(reminder=reminder, by=viewer.user, now=viewer.now)
            reminder.refresh_from_db()
            return 201, dict(ReminderShape(reminder).data)

        return once(request, by=viewer.user, now=viewer.now, respond=take_notice)
