"""Names of content types come whole through the list that SQL joins: whatever a site calls its categories."""

import pytest

from models.judgement.judged_session import SEPARATOR, opened_since


@pytest.mark.parametrize(
    "names",
    [
        ("Food, Drink & Wine", "Local News"),
        ("Sport, Regional", "Politik, Regional"),
        ("a=b", "a=c"),
        ("Haus; Garten|Küche\tBad\n", "  "),
        (",", "="),
    ],
    ids=range(5),
)
def test_a_category_stays_what_it_is_called(names: tuple[str, ...]) -> None:
    joined = SEPARATOR.join(f"{1_000 * number}={name}" for number, name in enumerate(names))
    assert opened_since(joined, 0) == names
