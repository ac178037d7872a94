"""Addresses of the pages about a site's status, below /studies/."""

from django.urls import path

from sites.views import correct_status, undo_status, verify_status

urlpatterns = [
    path("<str:registry_id>/sites/<str:code>/status/<int:change_id>/undo/", undo_status, name="site-status-undo"),
    path("<str:registry_id>/sites/<str:code>/status/verify/", verify_status, name="site-verify"),
    path(
        "<str:registry_id>/sites/<str:code>/status/<int:change_id>/correct/", correct_status, name="site-status-correct"
    ),
]
