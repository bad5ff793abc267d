"""From a file as received to columns of text with their lines.

CSV, gzipped CSV, JSON, Parquet, the official workbook, and e-invoices as XML or as a zip of them.
"""
