"""Addresses of the pages about a site's status, below /studies/."""

from django.urls import path

from sites.registry.views import registry_file, registry_page
from sites.token_views import Tokens, revoke, rotate
from sites.views import correct_status, undo_status, verify_status
from sites.webhooks.views import (
    Webhooks,
    rotate_webhook,
    switch_webhook_off,
    switch_webhook_on,
    test_webhook,
    webhook_page,
)

urlpatterns = [
    path("<str:registry_id>/registry/", registry_page, name="registry"),
    path("<str:registry_id>/registry/record.json", registry_file, name="registry-file"),
    path("<str:registry_id>/tokens/", Tokens.as_view(), name="tokens"),
    path("<str:registry_id>/tokens/<uuid:token_id>/rotate/", rotate, name="token-rotate"),
    path("<str:registry_id>/tokens/<uuid:token_id>/revoke/", revoke, name="token-revoke"),
    path("<str:registry_id>/webhooks/", Webhooks.as_view(), name="study-webhooks"),
    path("<str:registry_id>/webhooks/<uuid:webhook_id>/", webhook_page, name="study-webhook"),
    path("<str:registry_id>/webhooks/<uuid:webhook_id>/test/", test_webhook, name="study-webhook-test"),
    path("<str:registry_id>/webhooks/<uuid:webhook_id>/rotate/", rotate_webhook, name="study-webhook-rotate"),
    path("<str:registry_id>/webhooks/<uuid:webhook_id>/off/", switch_webhook_off, name="study-webhook-off"),
    path("<str:registry_id>/webhooks/<uuid:webhook_id>/on/", switch_webhook_on, name="study-webhook-on"),
    path("<str:registry_id>/sites/<str:code>/status/<int:change_id>/undo/", undo_status, name="site-status-undo"),
    path("<str:registry_id>/sites/<str:code>/status/verify/", verify_status, name="site-verify"),
    path(
        "<str:registry_id>/sites/<str:code>/status/<int:change_id>/correct/", correct_status, name="site-status-correct"
    ),
]
