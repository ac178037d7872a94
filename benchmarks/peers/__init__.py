"""The engines that the criteria engine is held against, each given the same twenty criteria in its own language."""
