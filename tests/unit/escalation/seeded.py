"""Where the seed file lies."""

from pathlib import Path

SEED = Path("deploy/seed/people.toml")
