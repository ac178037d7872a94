"""The polled API against constant views and against counting, side by side: `make bench-api`."""
