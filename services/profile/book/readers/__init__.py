"""From a file as received to columns of text with their lines.

What a file is, its first bytes tell (`signature`). Tables: text in any encoding (`text`, `lines`), workbooks
(`workbook`, `archive`, `old_workbook`), pages called .xls (`page`), Parquet and JSON (`parquet`, `records`). Invoices:
XML, OFD and zips of them (`einvoice`, `invoice_xml`). Where a table stands among title lines and totals is `layout`;
what binary numbers meant is `numbers`. `read` is the door.
"""
