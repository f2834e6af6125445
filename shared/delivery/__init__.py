"""How facts travel: outbox, relay, inbox, parking. What is exactly-once here is the database."""

from pathlib import Path

DELIVERY = Path(__file__).parent
"""Where the migrations of its tables lie."""
