"""triage: rates how urgent a case is by published rules over coded signs, and says why. It reads no text."""
