"""What kinds of data the server stores: about whom, what for, on what ground, how long.

Each column of the database is of one of these kinds, see `store/tables/`.
"""

from typing import Final

from activation_server.rules import retention
from activation_server.rules.data_kind import EMPLOYEE, DataKind, LegalBasis

SERVICE: Final = "essential.service"
OPERATION: Final = "essential.service.operations"
SUPPORT: Final = "essential.service.operations.support"
SECURITY: Final = "essential.service.security"
FRAUD: Final = "essential.fraud_detection"
LEGAL: Final = "essential.legal_obligation"
NEWSLETTER: Final = "marketing.communications.email"

CATALOGUE: Final = DataKind(
    "catalogue",
    "the vendor's own products, terms and releases",
    categories=("system.operations",),
    uses=(SERVICE,),
    purpose="Decide what a license covers.",
    legal_basis=None,
    retention=retention.CATALOGUE,
)
KEY_FACT: Final = DataKind(
    "key fact",
    "what a key is called, the public half of a signing key, their times, and why one was retired",
    categories=("system.operations",),
    uses=(SECURITY,),
    purpose="Sign certificates, and publish what verifies them.",
    legal_basis=None,
    retention=retention.KEYS,
)
SECRET_KEY: Final = DataKind(
    "secret key",
    "a secret of the server, wrapped by the master key",
    categories=("system.authentication",),
    uses=(SECURITY,),
    purpose="Sign certificates, seal license keys, make look-up digests and tokens.",
    legal_basis=None,
    retention=retention.KEYS,
)
SALT: Final = DataKind(
    "salt",
    "a random key of a license, which its certificates have as well",
    categories=("system.operations",),
    uses=(SECURITY,),
    purpose="Digest hardware values so that they can't be compared across licenses.",
    legal_basis=None,
    retention=retention.LICENSE,
)
LICENSE_ID: Final = DataKind(
    "license id",
    "the random id of a license, through which its buyer may be found",
    categories=("user.unique_id.pseudonymous",),
    uses=(SERVICE,),
    purpose="Keep together what belongs to a license.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.LICENSE,
)
LICENSE_FACT: Final = DataKind(
    "license fact",
    "what was bought, under which terms and until when",
    categories=("user.authorization", "user.behavior.purchase_history"),
    uses=(SERVICE,),
    purpose="Decide whether an app may be used.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.LICENSE,
)
ORDER: Final = DataKind(
    "order",
    "an order's reference, sealed; the payment processor knows the person behind it",
    categories=("user.behavior.purchase_history", "user.unique_id.pseudonymous"),
    uses=(SUPPORT,),
    purpose="Find a license by its order, and an order by its license.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.LICENSE,
)
KEY_DIGEST: Final = DataKind(
    "key digest",
    "a keyed digest of a license key, from which the key can't be read",
    categories=("user.unique_id.pseudonymous",),
    uses=(SERVICE,),
    purpose="Find a license by the key that an app sends.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.LICENSE,
)
KEY_TAIL: Final = DataKind(
    "key tail",
    "the last five characters of a license key",
    categories=("user.unique_id.pseudonymous",),
    uses=(SUPPORT,),
    purpose="Find a license by what a customer reads out.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.LICENSE,
)
SEALED_KEY: Final = DataKind(
    "sealed license key",
    "a license key, encrypted",
    categories=("user.authorization.credentials",),
    uses=(SUPPORT,),
    purpose="Tell a customer who lost it the license key.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.LICENSE,
)
ACTIVATION_ID: Final = DataKind(
    "activation id",
    "the id of a computer's seat, of which six bytes are the license's",
    categories=("user.unique_id.pseudonymous",),
    uses=(SERVICE,),
    purpose="Know a computer's seat at its next check-in.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.SEAT,
)
HARDWARE: Final = DataKind(
    "hardware digests",
    "keyed digests of hardware values, other ones in each license; none can be read, but a guess "
    "can be tried with the license's salt",
    categories=("user.device.device_id", "user.unique_id.pseudonymous"),
    uses=(SERVICE,),
    purpose="Recognise a computer whose parts change.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.SEAT,
)
COMPUTER: Final = DataKind(
    "computer",
    "a keyed digest of what identifies a computer, the same in all licenses",
    categories=("user.device.device_id", "user.unique_id.pseudonymous"),
    uses=(SUPPORT, FRAUD),
    purpose="Find the licenses of a computer; hold policies of one license or trial a computer.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.SEAT,
)
SEAT_FACT: Final = DataKind(
    "seat fact",
    "when a computer took and left its seat, by whom, and whether it is a virtual machine",
    categories=("user.device", "user.behavior"),
    uses=(SERVICE,),
    purpose="Count seats and transfers.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.SEAT,
)
BRANCH: Final = DataKind(
    "branch",
    "counters of a computer's check-ins",
    categories=("user.device",),
    uses=(FRAUD,),
    purpose="Tell a copied installation from a restored one.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.SEAT,
)
LAST_ANSWER: Final = DataKind(
    "last answer",
    "what the last check-in was answered, and when; of earlier ones nothing",
    categories=("user.device", "user.behavior"),
    uses=(SERVICE,),
    purpose="Answer a retry as before, and know when a certificate ends.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.SEAT,
)
LAST_REQUEST: Final = DataKind(
    "last request",
    "the random ids of the last request, and a keyed digest of it that can't be read",
    categories=("user.unique_id.pseudonymous",),
    uses=(OPERATION,),
    purpose="Tell a retry from a new request.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.LAST_REQUEST,
)
SOFTWARE: Final = DataKind(
    "software",
    "the app's version and edition, and the operating system it runs on",
    categories=("user.device",),
    uses=(SUPPORT,),
    purpose="Show support what a computer runs.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.SEAT,
)
TRIAL: Final = DataKind(
    "trial",
    "which trial a computer was given of a product, and when",
    categories=("user.behavior", "user.unique_id.pseudonymous"),
    uses=(FRAUD,),
    purpose="Give a computer one trial.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.TRIAL,
)
HISTORY: Final = DataKind(
    "history",
    "what happened to a license, and when",
    categories=("user.behavior",),
    uses=(SUPPORT,),
    purpose="Show support why a license is as it is.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.HISTORY,
)
DETAILS: Final = DataKind(
    "history details",
    "activation ids, changed terms, changed parts of a computer; of a copy also its network "
    "(/24 or /48) and a digest of the computer",
    categories=(
        "user.behavior",
        "user.device",
        "user.device.ip_address",
        "user.unique_id.pseudonymous",
    ),
    uses=(SUPPORT, FRAUD),
    purpose="Show support why a license is as it is, and where a copy of it runs.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.HISTORY,
)
WORDS: Final = DataKind(
    "words",
    "what an operator wrote on a license, in free words, sealed with a key of the license",
    categories=("user.content.private",),
    uses=(SUPPORT,),
    purpose="Show support why something was done.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.HISTORY,
)
REFUSAL: Final = DataKind(
    "refusal",
    "the last refusal of each kind, and how often it came",
    categories=("user.behavior",),
    uses=(SUPPORT,),
    purpose="Help a customer whose app is refused.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.REFUSALS,
)
EVIDENCE: Final = DataKind(
    "evidence",
    "what a refusal was about: limits, versions, parts of a computer; of a copy also its network "
    "(/24 or /48) and a digest of the computer",
    categories=("user.device", "user.device.ip_address", "user.unique_id.pseudonymous"),
    uses=(SUPPORT, FRAUD),
    purpose="Help a customer whose app is refused, and show where a copy runs.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.REFUSALS,
)
PERSON_ID: Final = DataKind(
    "person id",
    "the random id of a person on a license",
    categories=("user.unique_id.pseudonymous",),
    uses=(SUPPORT,),
    purpose="Keep together what is known of a person.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.CONTACT,
)
PERSON_FACT: Final = DataKind(
    "person fact",
    "whether the person bought the license or uses it, when there was contact last, and when data "
    "was erased",
    categories=("user.behavior",),
    uses=(SUPPORT,),
    purpose="Know until when a person's data may be kept.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.CONTACT,
)
PERSON_KEY: Final = DataKind(
    "person key",
    "the key that a person's data is sealed with, wrapped by the master key",
    categories=("system.authentication",),
    uses=(SECURITY,),
    purpose="Seal what is known of a person, and destroy it in every copy at once.",
    legal_basis=None,
    retention=retention.CONTACT,
)
NAME: Final = DataKind(
    "name",
    "a person's name or company, sealed",
    categories=("user.name", "user.workplace"),
    uses=(SUPPORT,),
    purpose="Find the license of a person, and know who may ask for it.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.CONTACT,
)
EMAIL: Final = DataKind(
    "e-mail",
    "a person's e-mail address, sealed",
    categories=("user.contact.email",),
    uses=(SUPPORT,),
    purpose="Find the license of a person, deliver it, and answer.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.CONTACT,
)
COMPUTER_NAME: Final = DataKind(
    "computer name",
    "a computer's name in its network, sealed",
    categories=("user.device",),
    uses=(SUPPORT,),
    purpose="Tell a person which of the computers holds a seat.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.CONTACT,
)
COMMENT: Final = DataKind(
    "comment",
    "what a person wrote to the vendor when the app was activated, sealed, and when",
    categories=("user.content.private",),
    uses=(SUPPORT,),
    purpose="Read what a customer wished to say.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.COMMENTS,
)
CONSENT: Final = DataKind(
    "newsletter consent",
    "whether a person wants the newsletter, with the evidence: the version of the wording and of "
    "the app, when and through what it was asked for, confirmed and withdrawn",
    categories=("user.behavior",),
    uses=(NEWSLETTER,),
    purpose="Send the newsletter to those who want it, and prove that they do.",
    legal_basis=LegalBasis.CONSENT,
    retention=retention.CONTACT,
)
CONSENT_ADDRESS: Final = DataKind(
    "newsletter address",
    "a keyed digest of the e-mail address that a consent is for, from which it can't be read",
    categories=("user.unique_id.pseudonymous",),
    uses=(NEWSLETTER,),
    purpose="Find a consent by its address, and end it when the address changes.",
    legal_basis=LegalBasis.CONSENT,
    retention=retention.CONTACT,
)
SUPPRESSION: Final = DataKind(
    "suppression",
    "a keyed digest of an e-mail address whose person withdrew, and since when",
    categories=("user.unique_id.pseudonymous",),
    uses=(NEWSLETTER,),
    purpose="Never send the newsletter to a person who withdrew.",
    legal_basis=LegalBasis.LEGAL_OBLIGATION,
    retention=retention.SUPPRESSION,
)
INDEX: Final = DataKind(
    "index",
    "keyed digests of words, cut to so few bits that many people share each",
    categories=("user.unique_id.pseudonymous",),
    uses=(SUPPORT,),
    purpose="Find a person by name, company, e-mail or computer without these being readable.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.CONTACT,
)
TOLD: Final = DataKind(
    "told",
    "a keyed digest of what the app told of the person last, from which nothing can be read",
    categories=("user.unique_id.pseudonymous",),
    uses=(OPERATION,),
    purpose="Store nothing again that an app repeats at each check-in.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.CONTACT,
)
SUPERSEDED: Final = DataKind(
    "superseded",
    "keyed digests of what a name, a company or an address was before it was put right, from which "
    "nothing can be read",
    categories=("user.unique_id.pseudonymous",),
    uses=(OPERATION,),
    purpose="Not store again what was put right, when an app repeats it.",
    legal_basis=LegalBasis.LEGAL_OBLIGATION,
    retention=retention.CONTACT,
)
LEDGER_POSITION: Final = DataKind(
    "ledger position",
    "how far of the erasure ledger the database has carried out",
    categories=("system.operations",),
    uses=(SECURITY,),
    purpose="Notice that a restored backup holds what was erased.",
    legal_basis=None,
    retention=retention.KEYS,
)
OPERATOR: Final = DataKind(
    "operator",
    "the name that an operator is logged in with, on the server's machine or in the console",
    categories=("user.account.username",),
    uses=(SECURITY,),
    purpose="Show who looked at a license or changed something.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.AUDIT,
    subject=EMPLOYEE,
)
DEED: Final = DataKind(
    "deed",
    "what an operator did and when: ids of licenses and activations, counts, changed terms; "
    "never what was searched for",
    categories=("user.behavior", "user.unique_id.pseudonymous"),
    uses=(SECURITY,),
    purpose="Show who looked at a license or changed something.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.AUDIT,
    subject=EMPLOYEE,
)
SEALED_REASON: Final = DataKind(
    "sealed reason",
    "the reason that an operator wrote, in free words, encrypted",
    categories=("user.content.private",),
    uses=(SECURITY,),
    purpose="Show why something was done.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.AUDIT,
)
API_TOKEN: Final = DataKind(
    "API token",
    "a keyed digest of a token of the vendor's own tools; its name, scopes and times",
    categories=("system.authentication",),
    uses=(SECURITY,),
    purpose="Know a tool that calls the admin API, and what it may do.",
    legal_basis=None,
    retention=retention.TOKENS,
)
TOOL_REQUEST: Final = DataKind(
    "tool request",
    "which tool asked, when, and keyed digests of what it asked, from which nothing can be read",
    categories=("system.operations",),
    uses=(OPERATION,),
    purpose="Tell a retry of a vendor's tool from a new request.",
    legal_basis=None,
    retention=retention.ANSWERS,
)
TOOL_ANSWER: Final = DataKind(
    "tool answer",
    "what a tool's change was answered, sealed: a license, without its people; a new one's key",
    categories=("user.authorization.credentials", "user.behavior.purchase_history"),
    uses=(OPERATION,),
    purpose="Give a vendor's tool that asks again the first answer.",
    legal_basis=LegalBasis.CONTRACT,
    retention=retention.ANSWERS,
)
PROOF: Final = DataKind(
    "proof",
    "numbers, times, digests and signatures that chain the audit log",
    categories=("system.operations",),
    uses=(SECURITY,),
    purpose="Show that no entry of the audit log was changed or taken out.",
    legal_basis=None,
    retention=retention.AUDIT,
)

HOLD_FACT: Final = DataKind(
    "hold fact",
    "that a license or a person must not be disposed of, since when and until when",
    categories=("user.behavior", "user.unique_id.pseudonymous"),
    uses=(LEGAL,),
    purpose="Keep what a legal dispute or an authority needs, and no longer.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.HOLD,
)
HOLD_WORDS: Final = DataKind(
    "hold words",
    "why a legal hold was placed or lifted, and who ordered it, in free words, sealed",
    categories=("user.content.private", "user.name"),
    uses=(LEGAL,),
    purpose="Show on what ground data is kept past its time.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.HOLD,
)

STAFF_FACT: Final = DataKind(
    "staff fact",
    "the sign-in name of a member of staff, their role, since when they have it and the password, "
    "the day on which they used the console last, and how many wrong codes were typed since",
    categories=("user.account.username", "user.authorization"),
    uses=(SECURITY,),
    purpose="Know who of the vendor's staff may do what.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.STAFF,
    subject=EMPLOYEE,
)
STAFF_CREDENTIAL: Final = DataKind(
    "staff credential",
    "a digest of a password (Argon2id) and the secret of an authenticator app, both sealed; keyed "
    "digests of recovery codes and of a link to choose them; the public halves of passkeys; keyed "
    "digests of an account at the vendor's identity provider, or of the address that it is to be "
    "found by; when each was added and used last",
    categories=("user.authorization.credentials",),
    uses=(SECURITY,),
    purpose="Let nobody else in under the name of a member of staff.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.STAFF,
    subject=EMPLOYEE,
)
SESSION: Final = DataKind(
    "session",
    "a keyed digest of what a browser that is signed in holds; when that began, was used last (to "
    "the minute) and ends. Neither address nor browser",
    categories=("user.authorization.credentials", "user.behavior"),
    uses=(SECURITY,),
    purpose="Keep a member of staff signed in, and end it when it is over or they wish it.",
    legal_basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=retention.SESSION,
    subject=EMPLOYEE,
)

RETENTION_FACT: Final = DataKind(
    "retention fact",
    "how long classes of data are kept, and what each run disposed of, in numbers",
    categories=("system.operations",),
    uses=(OPERATION,),
    purpose="Keep data no longer than said, and show that it is so.",
    legal_basis=None,
    retention=retention.REVIEWS,
)
