"""How trouble travels: production along supply, losses along trade credit and guarantees."""
