"""Models by name: the same claims about a folder and about a real object store."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from object_stores import SeaweedFS

from chassis.data.files import StoreUnreachable, files_at
from services.scoring.context import Shelf
from services.scoring.domain.errors import ModelNotFound, ModelUnreadable, VersionTaken


@pytest.fixture
def shelf(store_url: str, tmp_path: Path) -> Shelf:
    return Shelf(files_at(f"{store_url}/models", tmp_path / "scratch"))


def test_what_a_worker_has_trained_another_machine_serves(
    shelf: Shelf, store_url: str, trained: Path, tmp_path: Path
) -> None:
    """With its pictures, and nothing shared but the store."""
    shelf.keep("mdl_1", trained)
    elsewhere = Shelf(files_at(f"{store_url}/models", tmp_path / "elsewhere"))
    assert elsewhere["mdl_1"].sha256 == shelf["mdl_1"].sha256
    assert [each.name for each in elsewhere.files.list("mdl_1/pictures/roc")] == ["mdl_1/pictures/roc.svg"]


def test_the_same_training_done_twice_is_kept_once_and_another_is_refused(
    shelf: Shelf, trained: Path, tmp_path: Path
) -> None:
    """A worker that was killed after it had stored the model trains it again."""
    shelf.keep("mdl_1", trained)
    shelf.keep("mdl_1", trained)
    other = shutil.copytree(trained, tmp_path / "other")
    (other / "artefact.json").write_bytes((trained / "artefact.json").read_bytes() + b" ")
    with pytest.raises(VersionTaken):
        shelf.keep("mdl_1", other)
    assert shelf["mdl_1"].version == "mdl_test"


def test_a_model_that_is_missing_or_damaged_is_told(shelf: Shelf) -> None:
    with shelf.files.writing("mdl_2/artefact.json") as file:
        file.write(b"{")
    with pytest.raises(ModelUnreadable, match="mdl_2"):
        shelf["mdl_2"]
    with pytest.raises(ModelNotFound):
        shelf["mdl_3"]


def test_a_model_is_loaded_once_and_outlives_the_store(
    objects_url: str, trained: Path, tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    """What serves goes on while the store is away; what was never loaded is told as out of reach."""
    shelf = Shelf(files_at(objects_url, tmp_path))
    shelf.keep("mdl_1", trained)
    scorer = shelf["mdl_1"]
    with seaweedfs.down():
        assert shelf["mdl_1"] is scorer
        with pytest.raises(StoreUnreachable, match=objects_url):
            shelf["mdl_2"]
