"""The door: what reporters send and ask over HTTP."""
