"""The steps of the matching database, oldest first."""
