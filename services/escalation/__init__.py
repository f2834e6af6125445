"""escalation: the demand for a human answer, and the people it is made to."""
