"""How large a report of many videos is, and how soon a browser opens and sorts it.

python examples/report_speed.py annotations 200        # copies of the Parquet files in a folder
python examples/report_speed.py annotations 200 report.html   # and keep the page
"""

import argparse
import shutil
import statistics
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from playwright.sync_api import sync_playwright

from videxpr.annotation.export.recordings import find_recordings
from videxpr.report.page.content import gather
from videxpr.report.page.options import ReportCommand
from videxpr.report.page.page import write_page

SORT = """async (place) => {
    const button = document.querySelectorAll("#videos thead button")[place];
    const begun = performance.now();
    button.click();
    document.body.offsetHeight;  // lays the rows out
    await new Promise(requestAnimationFrame);
    return (performance.now() - begun) / 1000;
}"""

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument("folder", type=Path, help="of Parquet files")
parser.add_argument("count", type=int, help="copies of them that are reported, from 1")
parser.add_argument("page", type=Path, nargs="?", help="where the page is kept")
asked = parser.parse_args()
files, count = sorted(asked.folder.rglob("*.parquet")), asked.count
if not files or count < 1:
    parser.error(f"{count} copies of {len(files)} Parquet files in {asked.folder} make no report")
with tempfile.TemporaryDirectory() as place:
    study = Path(place)
    for number, file in enumerate(islice(cycle(files), count)):
        person, session = f"p{number // 8 + 1:03}", ("before", "after")[number % 2]
        copy = study / person / session / f"{file.stem}-{number}.parquet"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    begun = time.perf_counter()
    command = ReportCommand((study,), levels="participant,session", title=f"{count} videos")
    content, errors = gather(find_recordings([study]), command, lambda done, total: None)
    path = (asked.page or study / "report.html").absolute()
    size = write_page(path, content)
    made = time.perf_counter() - begun
    assert not errors, errors
    print(f"{count} videos: made in {made:.1f} s, {size / 1e6:.2f} MB")
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = []
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            begun = time.perf_counter()
            page.goto(path.as_uri())
            page.locator("#videos tbody").nth(count - 1).wait_for()
            opened.append(time.perf_counter() - begun)
        columns = page.locator("#videos thead button").count()
        sorts = [page.evaluate(SORT, column) for column in range(columns)]
        print(
            f"opened in {statistics.median(opened):.2f} s (median of 5), "
            f"sorted in {statistics.median(sorts):.3f} s (median of {columns} columns), "
            f"at most {max(sorts):.3f} s"
        )
        browser.close()
