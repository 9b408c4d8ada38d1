"""What a report says of folders."""

import json
from pathlib import Path
from typing import Any

from videxpr.annotation.export.recordings import find_recordings
from videxpr.report.page.content import gather
from videxpr.report.page.options import ReportCommand


def content_of(*folders: Path, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    """The content, which must be plain JSON, and the errors."""
    command = ReportCommand(folders, **fields)
    content, errors = gather(find_recordings(folders), command, lambda done, total: None)
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    return content, errors
