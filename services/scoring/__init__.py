"""How likely an enterprise pays back, and why."""
