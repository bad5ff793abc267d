"""The validation document of a model: one page that a bank's validator reads, prints and files, made from the card."""
