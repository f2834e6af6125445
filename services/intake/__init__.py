"""intake: stores what people report, before anything judges it."""
