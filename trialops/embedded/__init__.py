"""PostgreSQL, Valkey and an SMTP sink from this checkout, and the supervisor that `make demo` runs them under."""
