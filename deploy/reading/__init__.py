"""Training the reader of texts and measuring it: `make reading` (see docs/reading.md)."""
