"""Says whether a stored model was trained on the rows that it is judged by, as far as times and the hash of the data tell."""

import numpy as np

from models.learning.examples import Examples
from models.learning.provenance import data_hash
from schemas.model_cards import ModelCard


def trained_on(card: ModelCard, rows: Examples) -> str | None:
    """Returns a sentence where the model was, or may have been, trained on some of the rows; None where all come after that."""
    name = f"{card.id}@{card.version}"
    if card.data_sha256 is not None and card.data_sha256 == data_hash(rows):
        return f"{name} was trained on these very rows, the last fifth left out: give newer data"
    if (unknown := without_times(card, rows)) is not None:
        return f"{unknown}: give newer data"
    old = int(np.count_nonzero(~rows.after(card.trained_until_ms)))
    if not old:
        return None
    return (
        f"{old:,} of {len(rows):,} rows lie before the end of the training of {name}, which may have been trained on them: give "
        "newer data"
    )


def without_times(card: ModelCard, rows: Examples) -> str | None:
    """Returns a sentence where times are missing, so that nothing tells which rows come after the training; else None."""
    if rows.at_ms is not None and card.trained_until_ms is not None:
        return None
    where = (
        "the rows have no times"
        if rows.at_ms is None
        else f"{card.id}@{card.version} was trained on rows without times"
    )
    return f"{where}: {card.id}@{card.version} may have been trained on some of them"
