"""Each act in one transaction: load, decide, save, tell."""
