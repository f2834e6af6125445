"""Mutation testing: the code is changed in one small place at a time, and the tests must notice."""
