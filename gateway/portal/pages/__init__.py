"""One module per group of pages; a view gathers what its page shows and renders it."""
