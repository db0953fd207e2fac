"""The heatmap contract (heatmap.v1): where on a page readers clicked, moved and how far they scrolled."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

HeatKind = Literal["click", "move", "scroll"]

COLUMNS: Final = 50
ROWS: Final = 100
"""The grid over a page: on a page of 1,000 by 4,000 pixels a cell is 20 by 40."""

BANDS: Final = 20
"""Scroll reach is told in bands of 5 % of the page's height."""


class HeatCell(Struct):
    """What one cell of a page has seen in one period; a newer record of the same cell and period replaces it.

    Cells count from the left and from the top. For `click` and `move`, `count` is the number of events in the cell. For `scroll`
    it is the number of sessions whose deepest point lay in band `row`; `column` is 0 there. `page` is the page's address
    without query and fragment. `device` is the reader's, empty where it is unknown: the same page has another shape on
    a phone. The period begins at `period_start_ms`, event time.
    """

    page: str
    device: str
    kind: HeatKind
    period_start_ms: int
    column: Annotated[int, Meta(ge=0, lt=COLUMNS)]
    row: Annotated[int, Meta(ge=0, lt=ROWS)]
    count: Annotated[int, Meta(ge=0)]
