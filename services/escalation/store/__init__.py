"""What escalation remembers: one function a statement, none of them commits."""
