"""Keys at rest."""

import stat

import pytest

from feedsvc.errors import SecretKeyError
from feedsvc.secrecy import hash_token
from feedsvc.vault import Vault, open_vault

OLD, NEW = "the first secret of all", "a secret that is newer"


def test_sealed_key_is_not_in_what_is_kept_and_comes_back():
    vault = Vault([NEW])
    kept = vault.seal("whsec_abc")
    assert "whsec_abc" not in kept
    assert vault.unseal(kept) == "whsec_abc"


def test_same_key_is_sealed_differently_each_time():
    vault = Vault([NEW])
    assert vault.seal("key") != vault.seal("key")


def test_new_secret_still_opens_what_the_old_one_sealed():
    kept = Vault([OLD]).seal("key")
    assert Vault([NEW, OLD]).unseal(kept) == "key"


def test_first_secret_seals():
    kept = Vault([NEW, OLD]).seal("key")
    assert Vault([NEW]).unseal(kept) == "key"


def test_other_secret_opens_nothing():
    kept = Vault([OLD]).seal("key")
    for vault in (Vault([NEW]), Vault([])):
        with pytest.raises(SecretKeyError, match="another FEEDSVC_SECRET_KEY"):
            vault.unseal(kept)


def test_changed_key_is_refused():
    kept = Vault([OLD]).seal("key")
    with pytest.raises(SecretKeyError):
        Vault([OLD]).unseal(kept[:-4] + "AAAA")


def test_key_from_before_keys_were_sealed_is_still_a_key():
    assert Vault([]).unseal("whsec_abc") == "whsec_abc"


def test_without_a_secret_nothing_is_sealed():
    with pytest.raises(SecretKeyError, match="set FEEDSVC_SECRET_KEY"):
        Vault([]).seal("key")


def test_short_secret_is_refused():
    with pytest.raises(SecretKeyError, match="shorter than 16"):
        Vault(["secret"])


def test_hash_of_a_token_does_not_tell_it():
    assert hash_token("token") == hash_token("token")
    assert "token" not in hash_token("token")


def test_embedded_database_has_its_secret_beside_it_for_its_owner_alone(tmp_path):
    database = tmp_path / "feedsvc.db"
    database.touch()
    kept = open_vault("", database).seal("key")
    path = tmp_path / "feedsvc.db.secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_vault("", database).unseal(kept) == "key"
    assert [one.name for one in sorted(tmp_path.iterdir())] == ["feedsvc.db", "feedsvc.db.secret"]


def test_secret_that_is_set_goes_before_the_file(tmp_path):
    database = tmp_path / "feedsvc.db"
    database.touch()
    kept = open_vault(f"{NEW.replace(' ', '-')}", database).seal("key")
    assert not (tmp_path / "feedsvc.db.secret").exists()
    assert Vault([NEW.replace(" ", "-")]).unseal(kept) == "key"


def test_no_secret_is_made_where_no_database_is(tmp_path):
    open_vault("", tmp_path / "feedsvc.db")
    assert list(tmp_path.iterdir()) == []


def test_secret_that_can_not_be_read_is_told(tmp_path):
    database = tmp_path / "feedsvc.db"
    database.touch()
    (tmp_path / "feedsvc.db.secret").mkdir()
    with pytest.raises(SecretKeyError, match=r"feedsvc\.db\.secret can't be read"):
        open_vault("", database)


def test_processes_that_make_it_at_once_make_one(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    database = tmp_path / "feedsvc.db"
    database.touch()
    with ThreadPoolExecutor(8) as pool:
        vaults = list(pool.map(lambda _: open_vault("", database), range(32)))
    kept = vaults[0].seal("key")
    assert {vault.unseal(kept) for vault in vaults} == {"key"}
    names = [path.name for path in tmp_path.iterdir()]
    assert sorted(names) == ["feedsvc.db", "feedsvc.db.secret"]
