"""The facts that services tell each other. The publisher owns the module named like it; fields are codes, no text."""
