"""What escalation does with a fact or an act: lock the case, load, decide, save, tell."""
