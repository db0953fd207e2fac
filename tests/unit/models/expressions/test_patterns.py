"""Regular expressions beside RE2, which cel-expr-python matches with: anchors in empty texts, and letters of both cases."""

from typing import Final

import pytest

from models.rules.expressions.matching import Pattern

ANCHORS: Final = {r"$^": True, r"$(?:a)*^": True, r"\z\A": True, r"a^": False, r"^a*$": True, r"$a^": False}
LETTERS: Final = "éÉkK\u212aſsßẞσςΣǆǅǄiİıIµμΩΩθϴ1_ "
CASELESS: Final = {
    r"(?i)é": "éÉ",
    r"(?i)k": "kK\u212a",
    r"(?i)σ": "σςΣ",
    r"(?i)ß": "ßẞ",
    r"(?i)i": "iI",
    r"(?i)[a-z]": "kK\u212aſsiI",
    r"(?i)\w": "kK\u212aſsiI1_",
    r"(?i)[\w]": "kK\u212aſsiI1_",
    r"(?i)[^\W]": "kK\u212aſsiI1_",
}


@pytest.mark.parametrize(("pattern", "wanted"), ANCHORS.items())
def test_an_empty_text_both_begins_and_ends(pattern: str, wanted: bool) -> None:
    assert Pattern(pattern).found_in("") is wanted


@pytest.mark.parametrize(("pattern", "wanted"), CASELESS.items())
def test_letters_of_every_script_count_in_both_cases(pattern: str, wanted: str) -> None:
    assert [each for each in LETTERS if Pattern(pattern).found_in(each)] == [each for each in LETTERS if each in wanted]


@pytest.mark.parametrize("pattern", [*ANCHORS, *CASELESS, r"(?i)\W", r"(?i)[\W]", r"(?i)[^k]", r"(?i)[à-ý]"])
def test_the_library_agrees(pattern: str) -> None:
    cel = pytest.importorskip("cel_expr_python.cel", reason="cel-expr-python is not installed")
    compiled = cel.NewEnv(variables={"s": cel.Type.STRING}).compile(f"s.matches(r'{pattern}')")
    for text in ("", *LETTERS):
        assert compiled.eval(data={"s": text}).plain_value() is Pattern(pattern).found_in(text), text
