"""What a user can choose about the check of an installation."""

from pathlib import Path

from videxpr.core.option import option, options


@options()
class DoctorCommand:
    """Try everything that videxpr stands on, and say what is not well and what to do about it.

    Packages are imported, networks run, codecs encode and decode, folders are written to; nothing is
    left behind but what the cache keeps anyway. A report of a bug can hold the output as it stands: no
    paths, and so no names of users, are in it, unless --paths asks for them.

    Exit code: 0 if nothing is broken (there may be warnings), 1 if something is.

    Examples:
        videxpr doctor
        videxpr doctor --paths
        videxpr doctor --json doctor.json

    Attributes:
        detector_dir: where packs of detectors lie.
        paths: whether paths are named.
        json: file for all findings; ``-`` is standard output; None writes none.
    """

    detector_dir: Path | None = option(
        None, "insightface's root, with packs under models/.", default_text="~/.insightface"
    )
    paths: bool = option(False, "Name files and folders, the home as ~.")
    json: Path | None = option(
        None,
        "Every finding as JSON; - is standard output, and then nothing else goes there.",
        metavar="FILE|-",
        default_text="none",
        writes="file",
    )
