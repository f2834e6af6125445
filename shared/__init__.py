"""What at least two services need: a ledger, not a drawer. No module here knows the rules of one service."""
