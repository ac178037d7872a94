"""Mutation testing of the criteria engine: small changes to its source, one at a time, that the tests should notice."""
