"""What the profile service can do: one verb a module, the steps a credit officer would list."""
