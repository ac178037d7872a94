"""The product's settings with the quick password hashes of the tests, for the server that the browser tests start."""

from trialops.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
