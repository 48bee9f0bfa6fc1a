"""The archive is complete against the column map."""

from activation_server.rules import personal_data as kind
from activation_server.rules.data_kind import MappedColumn
from activation_server.store.archive import OUTLIVE, tables_of_licenses
from activation_server.store.column_map import column_map

OF_ONE_LICENSE = {each.name for each in (kind.LICENSE_ID, kind.ACTIVATION_ID, kind.PERSON_ID)}


def names_a_license(column: MappedColumn) -> bool:
    return column.name.endswith("license_id") or column.kind.name in OF_ONE_LICENSE


def test_every_table_that_names_a_license_is_archived_or_said_to_outlive_it():
    archived = {table.name for table in tables_of_licenses()}
    naming = {table.name for table in column_map() if any(map(names_a_license, table.columns))}
    assert naming - OUTLIVE.keys() == archived
    assert {"licenses", "license_keys", "activations", "events", "computers"} <= archived
    assert all(OUTLIVE.values())


def test_licenses_come_before_all_that_refers_to_them():
    order = [table.name for table in tables_of_licenses()]
    for table in tables_of_licenses():
        for key in table.foreign_keys:
            other = key.column.table.name
            assert other not in order or order.index(other) < order.index(table.name)
