"""Calls to addresses that people typed: checked before each call, cut off in time, signed. What all webhooks share."""
