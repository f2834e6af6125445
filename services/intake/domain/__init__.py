"""What intake knows without asking anyone: pure values and functions."""
