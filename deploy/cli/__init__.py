"""The command `beredskab`: runs the local stack and shows that it works."""
