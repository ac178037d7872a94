"""The audit trail: what is recorded of every change and reading, its chain of seals, and proving both."""
