"""Rates what reports say: published rules, named reasons, never a sum of points."""
