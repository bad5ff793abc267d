"""What the scoring service can do, one verb a module; each owns its commit."""
