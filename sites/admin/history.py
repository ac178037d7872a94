"""The admin's page "History": what the audit trail says of a row, instead of the admin's own list."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from trialops.audit.queries import events_of_rows, page_of
from trialops.audit.recording import row_name
from trialops.audit.telling import told


class AuditHistory(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows the trail of a row to whoever may view the row."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            missing: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
            return missing
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        before = request.GET.get("before", "")
        events = events_of_rows(row._meta.label, [row_name(row)])
        page = page_of(events, before=int(before) if before.isdecimal() and len(before) < 19 else None)
        context = {
            **self.admin_site.each_context(request),
            "title": _("History: %s") % row,
            "object": row,
            "opts": self.opts,
            "told": told(page.events),
            "zone": ZoneInfo("UTC"),
            "older": page.older,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/audit_history.html", context)
