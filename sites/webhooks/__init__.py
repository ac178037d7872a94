"""Telling sponsors' systems that the figures of a study have changed, so that they need not ask."""
