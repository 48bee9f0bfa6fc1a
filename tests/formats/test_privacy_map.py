import yaml

from activation_server.formats import privacy_map
from activation_server.rules import personal_data, retention
from activation_server.rules.data_kind import MappedColumn, MappedTable

TABLES = [
    MappedTable(
        "orders",
        "What was ordered.",
        [
            MappedColumn("number", personal_data.ORDER),
            MappedColumn("product", personal_data.CATALOGUE),
            MappedColumn("former", personal_data.ORDER.kept(retention.HISTORY)),
        ],
    )
]


def test_a_page_tells_columns_kinds_and_retention():
    page = privacy_map.markdown(TABLES)
    assert page.startswith("# Record of processing\n\n")
    assert (
        "### `orders`\n\nWhat was ordered.\n\n"
        "| Column    | Kind of data | Legal basis | Kept as   |\n"
        "| --------- | ------------ | ----------- | --------- |\n"
        "| `number`  | order        | Contract    | license   |\n"
        "| `product` | catalogue    | none needed | catalogue |\n"
        "| `former`  | order        | Contract    | history   |\n"
    ) in page
    assert page.count("### Order\n") == 1
    assert (
        "- For: Find a license by its order, and an order by its license.\n"
        "- Uses: `essential.service.operations.support`\n"
        "- Categories: `user.behavior.purchase_history`, `user.unique_id.pseudonymous`\n"
        "- Legal basis: Contract\n"
    ) in page
    assert "- Legal basis: none needed: about no person\n" in page
    assert "30 days after a copy of an installation calls from the network; then: reduce." in page
    assert max(map(len, page.splitlines())) <= privacy_map.WIDTH


def test_a_page_says_which_classes_a_run_disposes_of():
    page = privacy_map.markdown(TABLES)
    assert page.count("- Disposed of by a run: no\n") == sum(
        not each.has_run for each in retention.CLASSES.values()
    )


def test_a_document_has_all_facts_of_a_column():
    document = privacy_map.document(TABLES)
    assert [table["table"] for table in document["tables"]] == ["orders"]
    number, product, former = document["tables"][0]["columns"]
    assert number == {
        "column": "number",
        "kind": "order",
        "holds": "an order's reference, sealed; the payment processor knows the person behind it",
        "categories": ["user.behavior.purchase_history", "user.unique_id.pseudonymous"],
        "uses": ["essential.service.operations.support"],
        "purpose": "Find a license by its order, and an order by its license.",
        "legal_basis": "Contract",
        "retention": "license",
    }
    assert product["legal_basis"] is None
    assert former == {**number, "column": "former", "retention": "history"}
    described = {each["class"]: each for each in document["retention"]}
    assert described["history"]["lifetime"] == "24 months"
    assert described["history"]["action"] == "drop the partition"
    assert described["keys"]["lifetime"] is None
    assert described["catalogue"]["remark"] is None


def test_a_dataset_has_every_column_and_beside_it_what_fields_have_no_place_for():
    dataset = yaml.safe_load(privacy_map.fides(TABLES))["dataset"][0]
    number, product, _ = dataset["collections"][0]["fields"]
    assert number["name"] == "number"
    assert number["data_categories"] == list(personal_data.ORDER.categories)
    assert number["data_uses"] == list(personal_data.ORDER.uses)
    assert number["data_subjects"] == ["customer"]
    assert (
        "Legal basis: Contract. Kept: 24 months after the license is over" in number["description"]
    )
    assert "data_subjects" not in product
    assert dataset["meta"]["columns"] == {
        "orders.number": {"legal_basis": "Contract", "retention": "license"},
        "orders.product": {"legal_basis": None, "retention": "catalogue"},
        "orders.former": {"legal_basis": "Contract", "retention": "history"},
    }
    assert dataset["meta"]["retention"] == privacy_map.document(TABLES)["retention"]
