"""The product's settings with the views to compare with, and without a limit on what a token may ask."""

from trialops.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.polling.urls"
API_UNITS_PER_MINUTE = 10**12
SECURE_SSL_REDIRECT = False  # wrk asks without a proxy before the server
LOGGING = {**LOGGING, "root": {"handlers": ["console"], "level": "ERROR"}}  # noqa: F405
