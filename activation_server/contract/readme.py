"""The page that explains the published contract to an app author."""

from collections.abc import Mapping
from typing import Any, Final

from activation_server.formats.problem import TEXTS
from activation_server.rules.reasons import Reason

Json = dict[str, Any]

_TEXT: Final = """\
# The contract between apps and the license server

Written by `activation-server schemas export` from the server's code; a test fails when the two
differ. It only grows within version 1: a field may be added, none changes its meaning or goes.

## Bodies
JSON Schema 2020-12, each file complete in itself; `openapi.json` says which call takes what.
`admin/openapi.json` describes the admin API, for the vendor's own tools, apart.

| schema | what it describes |
|---|---|
{schemas}

Things that a schema can't say: strings are trimmed before anything is checked (`request_id` and
`nonce` are not, they must be exact); bodies are UTF-8 without a byte order mark, at most 16 KiB;
`Content-Type` is `application/json`; lengths count Unicode code points; a `nonce` is base64url in
its one spelling (no padding, unused bits zero). Apps must ignore fields that they do not know.

## Offline files
For a computer without a network: the app writes a request file, a person takes it to the server's
page `/offline` (or a tool posts it to `/v1/offline` as `text/plain`), and brings the response
file back. A refusal is told there and then; it has no response file.

```
-----BEGIN ACTIVATION REQUEST-----
Digest: the first 16 hex digits of the SHA-256 of the JSON's bytes

the JSON in base64 (RFC 4648, section 4), 64 characters a line
-----END ACTIVATION REQUEST-----
```

A response has `ACTIVATION RESPONSE` in both marks. A request's JSON is the body of the online call
and `"purpose"`: `activate`, `reactivate`, `deactivate` or `trial`; `reactivate` and `deactivate`
name the `"activation_id"` too. A trial's body is that of an activation without `license_key`. A
response's JSON is the online answer, and is checked like one. A file has up to 32 KiB, the JSON in
it up to 16 KiB. Readers ignore text around the marks, CR LF, blank lines and white space at the
ends of lines, and take lines of any length; `Digest` may be left out, but not be wrong.
OFFLINE_FILE_INVALID names the `line` and the `fault` in `evidence`.

## Refusals
`application/problem+json` (RFC 9457), see `problem.json`. Go by `code`; show `detail`.

| code | status | meaning |
|---|---|---|
{codes}

## Test vectors
`vectors/` holds one case a file: `description`, what is given, and what is `expected`. They are
ASCII; other characters are `\\u` escapes.

### `vectors/requests/{{activation,reactivation,deactivation,trial}}/`
Bodies that the server takes or refuses as such, before it looks at any license. The body is
`body` (JSON), `body_text` (send its UTF-8 as it is) or `body_base64` (send these bytes). Not
`valid` means a problem with that `code`; the pointers (RFC 6901) in `evidence.errors` are those
of `pointers`, in any order. Run them against your own request builder's checks, or send them to
a test server: a `valid` one is then answered with something else than REQUEST_INVALID.

### `vectors/license-keys/`
What a person may type, and the key in the form that it was issued in, or not `valid`.

A key is 25 characters of `0123456789ABCDEFGHJKMNPQRSTVWXYZ` (a character's value is its place,
from 0 to 31) in five groups of five: 23 random ones and 2 of check. To read what was typed: apply
Unicode NFKC, drop white space, dashes (category Pd) and invisible marks (Cf), convert to upper
case without a locale, take O as 0, and I and L as 1. It is a key when 25 characters of the
alphabet are left and the check holds:

```
a = b = 0
for each of the 25 values v, from the left:
    a = double(a) xor v
    b = double(double(b)) xor v
valid when a = 0 and b = 0

double(x) = 2x, and when that is above 31: 2x xor 37
```

That is a Reed-Solomon code over GF(32) by x^5 + x^2 + 1 whose words have the roots 2 and 4 (the
check is the remainder by (x + 2)(x + 4)), so any two wrong or swapped characters are found. Use
it to tell of a typing error before sending; a vendor who also has keys from another system must
send those as they were typed.

### `vectors/certificates/`
Check `certificate` with the public keys in `jwks` and with what the app knows (`given`):

| given | the certificate is refused unless | reason |
|---|---|---|
| | it is a compact JWS in exact base64url: `typ` `activation+jwt`, `alg` `EdDSA` or `Ed25519`, \
no `crit`, and every claim that its schema requires | `malformed` |
| `jwks` | `kid` names one of these keys (never one that it brings itself) | `unknown_key` |
| `jwks` | the Ed25519 signature holds | `bad_signature` |
| | `v` is 1 | `unsupported_version` |
| `issuer`, `audience` | `iss` and `aud` are these | `wrong_issuer`, `wrong_audience` |
| `activation_id` | `sub` is this | `wrong_activation` |
| `highest_seq` | `seq` is not below it | `seq_went_back` |
| `hardware` | the values match `hw` (see below) | `wrong_computer` |
| `nonce` | `nonce` is this; checked when an answer comes in, not at later starts | `wrong_nonce` |
| `now` | `exp` is absent, or later (the reference client allows a tenth of the certificate's life \
more, 5 minutes at most; no vector comes so close) | `expired` |

Each vector has one fault. `valid` is what counts; `reason` is the reference client's word.
`jws_valid` tells what a strict JOSE library alone finds. Good ones have the decoded `claims`.

**The keys in these vectors are test keys that everybody has (RFC 8032, section 7.1; RFC 8037,
appendix A). Anyone can sign with them. An app must never trust them.**

### `vectors/offline/`
A request file (`file`), and either the `request` that is in it, or the `line` that
OFFLINE_FILE_INVALID names (lines count from 1). `good-activate.json` and its like are also what a
writer must write for that JSON, spelt as Python's `json.dumps` does.

### `vectors/hardware/`
- `placeholders/`: `values` that firmware reports where a maker filled nothing in, and some real
  ones. An app drops placeholders before it hashes; the server drops those that it is sent. Keep
  letters and digits alone and fold case; a placeholder is then empty, one character repeated, or
  in the lists.
- `requests/`: what the server makes of `hardware_id` and `hardware` in a valid request: which
  values are dropped, or that nothing is left (`code`).
- `digests/`: `salt` (base64url, decoded before use) and `value` give `digest`: the first 16 bytes
  of HMAC-SHA256(salt, UTF-8 of the value), base64url without padding. The value is the one that
  was sent, trimmed.
- `matches/`: whether a computer with the digests `observed` is the one of a certificate with
  `components` and `need`: at least one anchor has the same digest, and the weights of all that
  have the same add up to `need` or more.
"""


def text(schemas: Mapping[str, Json]) -> str:
    """Write the page for these schemas, given by their file names."""
    rows = [
        f"| [`{name}`]({name}) | {schema['description'].split('. ')[0]} |"
        for name, schema in schemas.items()
    ]
    return _TEXT.format(schemas="\n".join(rows), codes="\n".join(_code_rows()))


def _code_rows() -> list[str]:
    return [
        f"| `{reason}` | {TEXTS[reason].status} | {TEXTS[reason].meaning} |" for reason in Reason
    ]
