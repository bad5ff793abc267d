"""Which financing fits an enterprise, and on what terms."""
