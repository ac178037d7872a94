"""The pages about subjects: a new one, all about one, its facts, its changes of state."""
