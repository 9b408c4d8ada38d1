"""Options that several commands share: which detector looks for faces, and where it runs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

DetectorName = Annotated[
    str,
    typer.Option(
        help="auto (SCRFD if a pack is installed, else MTCNN), mtcnn, scrfd, or scrfd:PACK."
    ),
]

DetectorDir = Annotated[
    Path | None,
    typer.Option(
        help="insightface's root, with packs under models/.  \\[default: ~/.insightface]",
    ),
]

DETECT_EVERY_HELP = (
    "Search the whole picture every so many frames, and where a face is lost; in between, each face is "
    "found again near where it was. 1 searches every picture."
)

DetectEvery = Annotated[int, typer.Option(metavar="FRAMES", help=DETECT_EVERY_HELP)]

DECODER_HELP = (
    "auto (an NVIDIA GPU if the networks run on one and it can decode the video, else the CPU), cpu, "
    "or cuda."
)

Decoder = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help=DECODER_HELP)]

Device = Annotated[
    str,
    typer.Option(help="auto, cpu, cuda, cuda:N, N (the same), or mps."),
]
