"""The study's record in the public registry: read, written in the same shape, and compared with what is kept here."""
