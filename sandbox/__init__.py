"""A labelled synthetic economy for demonstrations, tests and scale: nobody in it exists, and every record says so."""
