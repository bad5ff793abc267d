"""From a file as received to columns of text with their lines: CSV, gzipped CSV, Parquet, the official workbook."""
