"""What escalation decides, without any I/O."""
