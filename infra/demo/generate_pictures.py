"""Generates the demo site's pictures, a PNG with grain and a light SVG of each: `python -m infra.demo.generate_pictures`."""

import struct
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np

HERE: Final = Path(__file__).parent / "site" / "pictures"
WIDTH, HEIGHT = 720, 320

PICTURES: Final = {
    "tides": ((196, 222, 232), (24, 92, 128), 5),
    "kites": ((250, 232, 196), (196, 88, 48), 2),
    "bread": ((240, 226, 204), (150, 92, 40), 8),
}
"""Sky, ground, and how many waves the ground has."""


def edges(waves: int) -> list[Any]:
    """Where the layers of ground begin, from the back to the front."""
    x = np.linspace(0.0, 1.0, WIDTH)
    return [
        HEIGHT * (0.4 + 0.13 * layer + 0.05 * np.sin(2 * np.pi * (waves * x / (layer + 1) + 0.3 * layer)))
        for layer in range(4)
    ]


def png(sky: tuple[int, ...], ground: tuple[int, ...], waves: int) -> bytes:
    dice = np.random.default_rng(1)
    y = np.arange(HEIGHT)[:, None]
    picture = np.ones((HEIGHT, WIDTH, 3)) * np.array(sky) * (0.85 + 0.15 * y[:, :, None] / HEIGHT)
    for layer, edge in enumerate(edges(waves)):
        shade = np.array(ground) * (1.25 - 0.2 * layer)
        picture = np.where((y > edge[None, :])[:, :, None], shade, picture)
    grain = dice.integers(-3, 4, (HEIGHT, WIDTH, 1))
    rows = np.clip(picture + grain, 0, 255).astype(np.uint8)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(*each) for each in ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def svg(sky: tuple[int, ...], ground: tuple[int, ...], waves: int) -> str:
    layers = []
    for layer, edge in enumerate(edges(waves)):
        colour = ",".join(str(min(255, round(part * (1.25 - 0.2 * layer)))) for part in ground)
        line = " ".join(f"{x},{edge[x]:.0f}" for x in range(0, WIDTH, 45))
        points = f"0,{HEIGHT} {line} {WIDTH},{edge[-1]:.0f} {WIDTH},{HEIGHT}"
        layers.append(f'<polygon fill="rgb({colour})" points="{points}"/>')
    ground_colour = ",".join(map(str, sky))
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}><rect fill="rgb({ground_colour})" width="100%" height="100%"/>'
        f'{"".join(layers)}<text x="{WIDTH - 12}" y="24" text-anchor="end" font-size="16" fill="#333">light picture</text>'
        "</svg>\n"
    )


def main() -> None:
    HERE.mkdir(parents=True, exist_ok=True)
    for name, picture in PICTURES.items():
        (HERE / f"{name}.png").write_bytes(png(*picture))
        (HERE / f"{name}.svg").write_text(svg(*picture))


if __name__ == "__main__":
    main()
