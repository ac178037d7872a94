"""The staff API: what the pages do, for other systems of the people who use them. Same services, same rights."""
