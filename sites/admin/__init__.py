"""Set-up data in the plain Django admin, limited to the studies that a manager manages."""

from django.contrib import admin
from django.contrib.auth.models import Group

from sites.admin import people, status, studies
from sites.admin.managed import ManagedAdmin

admin.site.unregister(Group)  # the one group there is, is made by sites.roles

__all__ = ["ManagedAdmin", "people", "status", "studies"]
