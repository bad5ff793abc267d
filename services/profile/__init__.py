"""Who the enterprise is and how its business runs."""
