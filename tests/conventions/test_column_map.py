"""Every column tells what it holds, and the record of processing is what the columns tell."""

import subprocess
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from activation_server.formats import privacy_map
from activation_server.rules import retention
from activation_server.rules.data_kind import DataKind
from activation_server.services.privacy import stored_data
from activation_server.store.column_map import unclassified
from activation_server.store.tables import metadata
from activation_server.store.tables.declaring import column
from scripts import check_in_step, privacy_page

ROOT = Path(__file__).parents[2]
DATASET = privacy_map.fides(stored_data())


def validate(dataset: str) -> subprocess.CompletedProcess[str]:
    """Validate with fideslang, which has an environment of its own: `make install` makes it."""
    return subprocess.run(
        [ROOT / ".venv-fides" / "bin" / "python", ROOT / "scripts" / "validate_fides.py"],
        input=dataset,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_column_says_what_it_holds():
    assert unclassified(metadata) == []
    for table in metadata.tables.values():
        for each in table.columns:
            kind = each.info["kind"]
            assert isinstance(kind, DataKind), each
            assert kind.categories, each
            assert kind.uses, each
            assert kind.purpose, each
            assert kind.is_about_a_person() == (kind.legal_basis is not None), each
            assert retention.CLASSES[kind.retention.name] is kind.retention, each


def test_a_column_that_says_nothing_is_named():
    careless = MetaData()
    Table("notes", careless, Column("text", Integer))
    assert unclassified(careless) == ["notes", "notes.text"]
    with pytest.raises(TypeError):
        column("text", Integer)  # type: ignore[call-arg] # what must not be left out


def test_a_kind_is_one_thing_however_long_it_is_kept():
    kinds = [column.kind for table in stored_data() for column in table.columns]
    by_name = {kind.name: kind for kind in kinds}
    for kind in kinds:
        assert kind.kept(retention.CATALOGUE) == by_name[kind.name].kept(retention.CATALOGUE)


def test_every_column_of_the_code_is_in_the_map():
    mapped = {table.name: [each.name for each in table.columns] for table in stored_data()}
    assert mapped == {name: table.columns.keys() for name, table in metadata.tables.items()}
    assert len(mapped["activations"]) > 20


def test_the_page_on_personal_data_is_in_step(tmp_path: Path):
    assert check_in_step.stale_page(privacy_page.PAGE) == []
    good, page = privacy_page.PAGE.read_text("utf-8"), tmp_path / "privacy.md"
    page.write_text(good.replace("`seats_used`", "`seats`"), "utf-8")
    assert check_in_step.stale_page(page) == ["privacy.md"]
    assert privacy_page.current(page.read_text("utf-8")) == good
    with pytest.raises(ValueError, match="marks"):
        privacy_page.current("# Personal data\n")


def test_fideslang_knows_every_word_of_the_dataset():
    done = validate(DATASET)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("good", "bad", "fault"),
    [
        ("user.authorization\n", "user.passport\n", "'user.passport' is no data category"),
        ("- essential.service\n", "- essential.fun\n", "'essential.fun' is no data use"),
        ("legal_basis: Contract", "legal_basis: Habit", "'Habit' is no legal basis"),
        ("- customer", "- passer_by", "'passer_by' is no data subject"),
        ("  - name: status\n", "  - name: status\n      label: x\n", "no 'label' here"),
        ("name: licenses\n", "nam: licenses\n", "No Fides dataset"),
        (DATASET, "", "No dataset came in."),
    ],
)
def test_what_fideslang_does_not_know_is_told(good: str, bad: str, fault: str):
    assert good in DATASET
    done = validate(DATASET.replace(good, bad))
    assert done.returncode == 1
    assert fault in done.stderr
