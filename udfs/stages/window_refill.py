"""Tells the windows that lack slices: those of the first minute after a start from a savepoint of other features."""


class WindowRefill:
    """Has no state: both lanes of one operator share it.

    The SQL of other features begins without its slices (`jobs/sql/window_views.py`), and a minute that is half there would look
    like a sudden fall of everything. A session's baselines tell that they are of other features; they are rewritten as soon as
    the session goes on, so that a later restart finds at most those of sessions that have been silent since.
    """

    def __init__(self, window_ms: int, slice_ms: int) -> None:
        # One slice more than the window holds: events run ahead of the watermark into the next slice.
        self._refilled_after_ms = window_ms + slice_ms
        self._first_end_ms: int | None = None
        self.began_empty = False

    def on_row(self, end_ms: int) -> None:
        """Notes a window that SQL has sent."""
        if self._first_end_ms is None or end_ms < self._first_end_ms:
            self._first_end_ms = end_ms

    def lacks_slices(self, end_ms: int) -> bool:
        """Whether the window that ends then began before SQL did."""
        first_ms = self._first_end_ms
        return self.began_empty and first_ms is not None and first_ms <= end_ms < first_ms + self._refilled_after_ms
