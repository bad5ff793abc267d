"""A mapping that proposes itself: from titles and first values to a kind, and to one of our columns for each column.

`words` compares titles, `values` and `looks` what stands below them, `propose` weighs both, `declare` writes what comes
of it as the declaration of a connector. `anything` is the form that reads a table before its kind is known.
"""
