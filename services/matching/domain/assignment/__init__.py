"""Many firms and many products: who gets which, so that nobody can rightly ask for another."""
