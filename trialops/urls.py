"""All addresses of the product."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from trialops.accounts.views import SignOut
from trialops.health_views import live, ready
from trialops.metrics import metrics
from trialops.views import admin_sign_in, healthz

urlpatterns = [
    path("api/v1/", include("dashboards.api_urls")),  # first: it is asked for most often
    path("api/v1/", include("screening.api.urls")),
    path("", include("dashboards.urls")),
    path("studies/", include("sites.urls")),
    path("", include("screening.urls")),
    path("", include("trialops.accounts.urls")),
    path("admin/login/", admin_sign_in),
    path("admin/logout/", SignOut.as_view()),
    path(
        "admin/password_change/",
        admin.site.admin_view(RedirectView.as_view(pattern_name="account_change_password")),
    ),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("healthz/live", live, name="live"),
    path("healthz/ready", ready, name="ready"),
    path("metrics", metrics, name="metrics"),
]

handler400 = "trialops.views.bad_request"
handler403 = "trialops.views.permission_denied"
handler404 = "trialops.views.not_found"
handler500 = "trialops.views.server_error"
