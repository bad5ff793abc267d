"""One bank's budget over many firms: a plan, its proof, and the price of being fair."""
