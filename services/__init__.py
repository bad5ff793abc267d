"""The three services of the suite; each has its own database and they meet over HTTP only."""
