"""Mutants: testees that are wrong in one known way each, which the cases have to catch."""
