"""Identity: clients, their keys and tokens, and the people who sign in."""
