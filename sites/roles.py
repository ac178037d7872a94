"""What staff may do in the admin: the group of study managers and its model permissions."""

from datetime import date

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

from sites.models import Membership
from trialops.accounts.models import User
from trialops.scope import system_scope

STUDY_MANAGERS = "Study managers"

PERMISSIONS: dict[str, tuple[str, ...]] = {
    "trial_sites.study": ("view", "change"),
    "trial_sites.site": ("view", "add", "change"),
    "trial_sites.investigator": ("view", "add", "change"),
    "trial_sites.investigatorterm": ("view", "add", "change"),
    "trial_sites.sitestatuschange": ("view", "add"),
    "trial_sites.sitestatusverification": ("view", "add"),
    "trial_sites.membership": ("view", "add", "change"),
    "trial_sites.apitoken": ("view", "delete"),
    "screening.protocolversion": ("view",),
    "accounts.user": ("view", "add", "change"),
}
"""App label and model name to the permissions of a study manager; the admin limits them to the managed studies."""


def ensure_groups() -> Group:
    """Make the group of study managers, with exactly the permissions above; running it twice changes nothing."""
    for label in {model.split(".")[0] for model in PERMISSIONS}:
        create_permissions(apps.get_app_config(label), verbosity=0)
    group, _ = Group.objects.get_or_create(name=STUDY_MANAGERS)
    wanted = [
        Permission.objects.get(
            content_type__app_label=label, content_type__model=model, codename=f"{permission}_{model}"
        )
        for label, model, permission in _permissions()
    ]
    group.permissions.set(wanted)
    return group


def _permissions() -> list[tuple[str, str, str]]:
    return [
        (name.partition(".")[0], name.partition(".")[2], permission)
        for name, permissions in PERMISSIONS.items()
        for permission in permissions
    ]


@system_scope()  # asked while somebody signs in, too
def held_roles(user: User, day: date) -> list[str]:
    """The roles that a person holds on a day, each with its study and site, as the audit trail writes them."""
    held = Membership.objects.filter(Membership.active_on(day), user=user).select_related("study", "site")
    named = [" ".join([m.role, m.study.registry_id, *([m.site.code] if m.site else [])]) for m in held.order_by("id")]
    return [*(["superuser"] if user.is_superuser else []), *named]
