"""Rows in the database, and the domain values that they stand for: one module a subject."""
