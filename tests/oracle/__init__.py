"""A second, naive implementation of the reference study's criteria, to hold the engine against."""
