"""Alembic migrations of the matching database."""
