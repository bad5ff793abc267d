"""Alembic migrations of the scoring database."""
