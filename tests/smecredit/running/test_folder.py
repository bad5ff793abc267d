"""Files are recognised by their names."""

from __future__ import annotations

import pytest

from smecredit.running.folder import NothingToImport, sources


def test_the_competition_form_is_recognised(tmp_path):
    """enterprises, purchase_invoices and sales_invoices come in the order of import; other files are left."""
    wanted = ("sales_invoices.csv.gz", "enterprises.csv", "purchase_invoices.csv.gz")
    for name in (*wanted, "loan_rate_churn.csv", "a.xlsx"):
        (tmp_path / name).touch()
    assert [source.kind for source in sources(tmp_path)] == ["enterprises", "invoices.purchase", "invoices.sale"]


def test_a_lone_workbook_is_recognised(tmp_path):
    """A folder with one workbook, or the workbook itself, is imported as such."""
    book = tmp_path / "book.xlsx"
    book.touch()
    assert [source.kind for source in sources(tmp_path)] == ["workbook"]
    assert sources(book) == sources(tmp_path)


def test_a_folder_that_lacks_a_file_is_refused(tmp_path):
    """The error says what a folder must hold and what was found."""
    (tmp_path / "enterprises.csv").touch()
    with pytest.raises(NothingToImport, match=r"purchase_invoices.*found: enterprises\.csv"):
        sources(tmp_path)
