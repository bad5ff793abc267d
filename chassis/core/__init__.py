"""What needs no framework: errors, ids, settings, signing, the call under way, calls to other services."""
