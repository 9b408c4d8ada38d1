"""Crops of many videos."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from time import perf_counter

from videxpr.core.errors import OutputError, SourceError
from videxpr.core.files import NAME_BYTES
from videxpr.datasets.crops.cropper import Cropper
from videxpr.datasets.crops.writer import SIDES, CropTree, PersonFolder
from videxpr.faces.pipeline import Progress
from videxpr.video.collisions import find_collisions
from videxpr.video.jobs import JobResult, Row, run_jobs
from videxpr.video.sources import Source, check_source
from videxpr.video.timeline import Timeline


@dataclass(frozen=True)
class CropReport(JobResult):
    """What became of one video.

    Attributes:
        folders: what was written, the main person first.
    """

    folders: tuple[PersonFolder, ...] = ()

    def coverage(self, folder: PersonFolder) -> float:
        """Return the share of the video's frames that have a crop in one of its folders."""
        return folder.crops / self.frames


def crop_sources(
    cropper: Cropper,
    sources: Sequence[Source],
    tree: CropTree,
    progress: Callable[[Source], Progress] | None = None,
) -> Iterator[CropReport]:
    """Write the crops of one video after another; yield a report of each, in order.

    Args:
        cropper: with its detector and options.
        sources: videos.
        tree: where crops go.
        progress: called with each video that is begun, to get the callback for its frames.
    """
    people = cropper.options.people
    collisions = find_collisions({one: list(_claims(one, people)) for one in sources})

    def work(source: Source) -> CropReport:
        _check(source, people)
        if source in collisions:
            raise OutputError(collisions[source])
        if tree.is_done(source):
            return CropReport(source, "skipped")
        return _crop(cropper, source, tree, progress(source) if progress else None)

    def fail(source: Source, error: str) -> None:
        tree.summarize([{"video": source.printable, "error": error}])

    return run_jobs(sources, work, CropReport, fail)


def _claims(source: Source, people: int) -> Iterator[str]:
    """Yield the folders that a video may get, in words."""
    if source.kind == "video":
        yield from (
            f"folder {source.name}{side}" for side in ("", *SIDES)[: 1 if people == 1 else 3]
        )


def _check(source: Source, people: int) -> None:
    """Refuse what is no video, and names that no folder or summary should have."""
    check_source(source)
    if source.kind == "crops":
        raise SourceError(f"{source.path} holds crops already")
    longest = PurePath(source.name).name + (max(SIDES, key=len) if people == 2 else "")
    if len(longest.encode()) > NAME_BYTES:
        raise OutputError(f"the folder {longest} would have too long a name; rename the video")


def _crop(
    cropper: Cropper, source: Source, tree: CropTree, progress: Progress | None
) -> CropReport:
    begun = perf_counter()
    timeline = Timeline()
    folders = tree.write(source, cropper.crops(source.path, timeline, progress))
    report = CropReport(
        source=source,
        status="done",
        warnings=tuple(_warnings(timeline, folders)),
        frames=len(timeline),
        folders=tuple(folders),
        frames_per_second=len(timeline) / (perf_counter() - begun),
    )
    tree.summarize([_row(report, folder, timeline, cropper) for folder in folders])
    return report


def _warnings(timeline: Timeline, folders: Sequence[PersonFolder]) -> Iterator[str]:
    if not folders[0].crops:
        yield "no face was found: the folder is empty"
    if timeline.decoder_note:
        yield f"decoded on the CPU: {timeline.decoder_note}"
    yield from timeline.video_warnings
    if timeline.decode_errors:
        yield f"{timeline.decode_errors} damaged packets or frames in the video"


def _row(report: CropReport, folder: PersonFolder, timeline: Timeline, cropper: Cropper) -> Row:
    """Return a person's line of ``summary.csv``; without speeds, which differ from run to run."""
    return {
        "video": report.source.relative.as_posix(),
        "name": folder.name,
        "person": "main" if folder is report.folders[0] else "second",
        "frames": report.frames,
        "crops": folder.crops,
        "coverage": round(report.coverage(folder), 4),
        "detector": cropper.detector.name,
        "geometry": cropper.options.template.name,
        "source_bytes": report.source.path.stat().st_size,
        "decode_errors": timeline.decode_errors,
        "warnings": "; ".join(report.warnings),
        "error": "",
    }
