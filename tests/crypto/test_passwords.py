from argon2 import extract_parameters
from argon2.low_level import Type

from activation_server.crypto.passwords import Argon2

SALT = bytes(range(16))


def test_a_digest_is_argon2id_with_the_parameters_of_rfc_9106():
    digest = Argon2().digest("correct horse battery", SALT)
    told = extract_parameters(digest)
    assert (told.type, told.version) == (Type.ID, 19)
    assert told.memory_cost >= 64 * 1024
    assert told.time_cost >= 3
    assert "correct" not in digest


def test_a_digest_is_of_one_password():
    argon2 = Argon2()
    digest = argon2.digest("correct horse battery", SALT)
    assert argon2.matches(digest, "correct horse battery")
    assert not argon2.matches(digest, "correct horse batterY")
    assert not argon2.matches(digest, "")
    assert digest != argon2.digest("correct horse battery", bytes(16))
