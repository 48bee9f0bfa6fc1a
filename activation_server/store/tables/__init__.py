"""Every table and constraint. Every column says in `info` what kind of data it holds.

A kind tells categories, purpose, legal basis and retention, see `rules/personal_data.py`.

What belongs to a license is keyed by `license_id` first, so that one activation touches one
license, one transaction, one shard; look-up tables stand apart. Ids and times are made in the
application: no sequences, no triggers.
"""

# In the order in which the map of all columns tells them.
# isort: off
from activation_server.store.tables.declaring import Moment, metadata
from activation_server.store.tables.catalogue import policies, products, releases
from activation_server.store.tables.licenses import (
    activations,
    computers,
    events,
    license_keys,
    licenses,
    refusals,
)
from activation_server.store.tables.people import (
    legal_holds,
    newsletter_consents,
    newsletter_suppressions,
    note_keys,
    people,
    person_computers,
)
from activation_server.store.tables.keys import erasure_position, signing_keys, wrapped_secrets
from activation_server.store.tables.audit import audit_checkpoints, audit_head, audit_log
from activation_server.store.tables.staff import (
    api_tokens,
    staff,
    staff_identities,
    staff_passkeys,
    staff_recovery_codes,
    staff_searches,
    staff_sessions,
    tool_answers,
)
from activation_server.store.tables.retention import retention_lifetimes, retention_runs
# isort: on

__all__ = [
    "Moment",
    "activations",
    "api_tokens",
    "audit_checkpoints",
    "audit_head",
    "audit_log",
    "computers",
    "erasure_position",
    "events",
    "legal_holds",
    "license_keys",
    "licenses",
    "metadata",
    "newsletter_consents",
    "newsletter_suppressions",
    "note_keys",
    "people",
    "person_computers",
    "policies",
    "products",
    "refusals",
    "releases",
    "retention_lifetimes",
    "retention_runs",
    "signing_keys",
    "staff",
    "staff_identities",
    "staff_passkeys",
    "staff_recovery_codes",
    "staff_searches",
    "staff_sessions",
    "tool_answers",
    "wrapped_secrets",
]
