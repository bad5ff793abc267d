"""Alembic migrations of the profile database."""
