"""Measuring: what ours costs beside the least that the same machine could do."""
