"""All addresses of the product."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from trialops.views import SignIn, admin_sign_in, healthz

urlpatterns = [
    path("api/v1/", include("dashboards.api_urls")),  # first: it is asked for most often
    path("", include("dashboards.urls")),
    path("studies/", include("sites.urls")),
    path("", include("screening.urls")),
    path("sign-in/", SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("admin/login/", admin_sign_in),
    path("admin/logout/", LogoutView.as_view()),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
]

handler400 = "trialops.views.bad_request"
handler403 = "trialops.views.permission_denied"
handler404 = "trialops.views.not_found"
handler500 = "trialops.views.server_error"
