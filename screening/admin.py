"""Protocol versions in the admin, to be read. Subjects and their facts are entered on their own pages only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from screening.models import ProtocolVersion
from sites.admin import ManagedAdmin


@admin.register(ProtocolVersion)
class ProtocolVersionAdmin(ManagedAdmin):
    list_display = ["study", "label", "status", "effective_on", "published_at", "published_by"]
    list_select_related = ["study", "published_by"]
    fields = ["study", "label", "status", "effective_on", "digest", "published_at", "published_by", "document"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
