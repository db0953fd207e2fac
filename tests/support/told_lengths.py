"""A feature log and the outcomes of readers who tell how long a text should be."""

import numpy as np

from schemas.features import FeatureRow
from schemas.outcomes import Outcome

BEGINNING = 1_760_000_000_000
READERS = 1_500


def recorded() -> tuple[list[FeatureRow], list[Outcome]]:
    """Windows of readers, each of whom tells a minute later how long a text should be.

    10 words more for each click, 200 more on a desktop, and 150 on top for desktops that click much.
    """
    random = np.random.default_rng(31)
    rows, outcomes = [], []
    for place in range(READERS):
        session, end_ms = f"s{place}", BEGINNING + 20_000 * place
        clicks, device = float(random.integers(0, 20)), str(random.choice(["phone", "desktop"]))
        numbers = {"clicks": clicks, "scroll_depth": None if random.random() < 0.1 else float(random.random())}
        rows.append(FeatureRow(session, end_ms, "window", {**numbers}, {"device": device}, None, {}, None))
        words = 200.0 + 10.0 * clicks + (200.0 if device == "desktop" else 0.0)
        words += 150.0 if device == "desktop" and clicks > 10 else 0.0
        told = float(round(words + random.normal(0.0, 30.0)))
        outcomes.append(Outcome(None, session, None, end_ms + 60_000, "preferred_content_length", told))
    return rows, outcomes
