"""A plan says what a run would do, and why, and does nothing."""

from stub_runs import StubAnnotator, run, video

from videxpr.annotation.batch.plan import make_plan
from videxpr.annotation.options import OutputOptions
from videxpr.annotation.writer import Outputs
from videxpr.video.search import find_sources


def plan(out, *arguments, **options):
    outputs = Outputs(OutputOptions(out, ("aff-wild2",), **options), StubAnnotator().setup)
    sources = find_sources(map(str, arguments))
    outputs.check(sources)
    steps = make_plan(sources, outputs, 1)
    return {one.source.relative.name: (one.action, one.reason) for one in steps}


def test_each_source_has_its_step_and_its_reason(tmp_path):
    out, folder = tmp_path / "out", tmp_path / "in"
    for name, content in (("bad", "x"), ("changed", "4"), ("done", "4")):
        video(folder / f"{name}.mp4", content)
    assert plan(out, folder)["done.mp4"] == ("annotate", "")
    assert not out.exists()
    run(out, folder, formats=("aff-wild2",))
    video(folder / "changed.mp4", "44"), video(folder / "summary.mp4"), video(folder / "new.mp4")
    before = (out / "run.jsonl").read_bytes()
    found = plan(out, folder, tmp_path / "nowhere.mp4")
    assert found["done.mp4"] == ("done", "") and found["new.mp4"] == ("annotate", "")
    assert found["changed.mp4"][0] == "annotate" and "it has changed" in found["changed.mp4"][1]
    assert found["bad.mp4"][0] == "fail" and "--retry-failed" in found["bad.mp4"][1]
    assert found["nowhere.mp4"][0] == found["summary.mp4"][0] == "fail"
    assert (out / "run.jsonl").read_bytes() == before
    assert plan(out, folder, retry_failed=True)["bad.mp4"] == ("annotate", "")
