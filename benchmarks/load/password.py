"""What the invented people sign in with, apart from all that needs the product's code: locust reads it too."""

PASSWORD = "a-password-of-the-load-benchmark"  # noqa: S105  in a throw-away database
