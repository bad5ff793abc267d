"""What the matching service can do: publish products, match one enterprise, match many."""
