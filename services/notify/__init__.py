"""notify: carries messages to people, tells what became of them, and never says what they are about."""
