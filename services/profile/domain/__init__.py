"""What the profile service knows, as pure values and functions: no clock, no I/O, no web, no SQL."""
