"""Notes texts of `device` that no event from the gateway has: for these readers a model would never be asked."""

from collections.abc import Iterator, Mapping, Sequence

from schemas.devices import device_text


def device_notes(categories: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yields a note for each text of the category `device` that the gateway writes otherwise.

    >>> list(device_notes({"device": ["phone", "desktop", "fridge"], "os": ["phone"]}))
    ["device: the gateway writes 'mobile' for 'phone', which the job never asks about: write 'mobile' in the rows, then train"]
    """
    for text in categories.get("device", ()):
        written = device_text(text)
        if written != text:
            yield (
                f"device: the gateway writes {written!r} for {text!r}, which the job never asks about: write {written!r} in the "
                "rows, then train"
            )
