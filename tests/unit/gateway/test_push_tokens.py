"""A token opens one session until it expires; nothing else does."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.gateway.auth.push_tokens import InvalidTokenError, TokenClaims, require_session, sign, verify

NOW_MS = 1_790_000_000_000
SECRETS = ["new secret", "old secret"]
ALPHABET = string.ascii_letters + string.digits + "-_."


@given(st.text(min_size=1, max_size=64))
def test_a_token_opens_the_session_it_was_signed_for(session_id: str) -> None:
    assert verify(sign(session_id, NOW_MS + 1, SECRETS), SECRETS, NOW_MS) == TokenClaims(session_id, NOW_MS + 1)


def test_the_first_secret_signs_and_each_verifies() -> None:
    of_old = sign("anna", NOW_MS + 1, SECRETS[1:])

    assert verify(of_old, SECRETS, NOW_MS).session_id == "anna"
    with pytest.raises(InvalidTokenError, match="signature"):
        verify(of_old, SECRETS[:1], NOW_MS)
    with pytest.raises(InvalidTokenError, match="signature"):
        verify(sign("anna", NOW_MS + 1, SECRETS), SECRETS[1:], NOW_MS)


def test_a_token_ends_at_its_very_millisecond() -> None:
    token = sign("anna", NOW_MS, SECRETS)

    assert verify(token, SECRETS, NOW_MS - 1).session_id == "anna"
    with pytest.raises(InvalidTokenError, match="expired"):
        verify(token, SECRETS, NOW_MS)


def test_a_token_for_another_session_is_refused() -> None:
    with pytest.raises(InvalidTokenError, match="another session"):
        require_session(sign("anna", NOW_MS + 1, SECRETS), "bertha", SECRETS, NOW_MS)


def test_no_token_altered_in_one_character_opens_anything() -> None:
    """Base64 has spare bits at its end: changing those must not give a second token that is good."""
    token = sign("anna", NOW_MS + 1, SECRETS)
    tried = 0
    for place, was in enumerate(token):
        for char in ALPHABET:
            if char != was:
                tried += 1
                with pytest.raises(InvalidTokenError):
                    verify(token[:place] + char + token[place + 1 :], SECRETS, NOW_MS)
    assert tried > 5_000


def test_nothing_cut_joined_or_made_up_opens_anything() -> None:
    chance = random.Random(5)
    token, other = sign("anna", NOW_MS + 1, SECRETS), sign("bertha", NOW_MS + 1, SECRETS)
    _, payload, signature = token.split(".")
    hostile = [
        *(token[:end] for end in range(len(token))),
        *("".join(chance.choices(ALPHABET, k=chance.randrange(200))) for _ in range(2_000)),
        f"v1.{payload}.{other.split('.')[2]}",
        f"v2.{payload}.{signature}",
        f"v1.{payload}.",
        f"v1..{signature}",
        f"{token}=",
        f"{token} ",
        token + "\x00",
        "v1.é.é",
        "." * 100_000,
        "\ud800",
    ]
    for text in hostile:
        with pytest.raises(InvalidTokenError):
            verify(text, SECRETS, NOW_MS)
