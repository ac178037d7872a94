"""A mixed load on the whole product: `make load`."""
