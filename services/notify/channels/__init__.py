"""The ways a message travels."""
