"""`videxpr report` as a user calls it."""

from interval_records import two_people


def test_the_page_lies_in_the_folder(videxpr, tmp_path) -> None:
    two_people().save(tmp_path / "talk.parquet")
    code, out, said = videxpr("report", tmp_path)
    page = tmp_path / "report.html"
    assert (code, out) == (0, "")
    assert said == f"{page}: 1 video, {page.stat().st_size / 1e6:.1f} MB; open it in a browser\n"
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_a_second_report_takes_the_place_of_the_first(videxpr, tmp_path) -> None:
    two_people().save(tmp_path / "talk.parquet")
    for title in ("one", "two"):
        assert videxpr("report", tmp_path, "--title", title, "-q") == (0, "", "")
    assert "<title>two</title>" in (tmp_path / "report.html").read_text("utf-8")


def test_a_bad_file_is_named_and_the_others_are_on_the_page(videxpr, tmp_path) -> None:
    two_people().save(tmp_path / "talk.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"no Parquet")
    code, _, said = videxpr("report", tmp_path)
    assert code == 1
    assert f"error: cannot read {tmp_path / 'bad.parquet'} as an annotation" in said
    assert "2 videos" in said


def test_mistakes_are_answered_before_anything_is_written(videxpr, tmp_path) -> None:
    code, _, said = videxpr("report", tmp_path)
    assert (code, "no Parquet file is in it" in said) == (2, True)
    two_people().save(tmp_path / "talk.parquet")
    code, _, said = videxpr("report", tmp_path, "-o", tmp_path)
    assert (code, "is a folder; name a file in it" in said) == (2, True)
    for name in ("talk.parquet", "-", "/dev/full"):
        code, _, said = videxpr("report", tmp_path, "-o", name)
        assert (code, "must end in .html" in said or "is a device" in said) == (2, True)
    notes = tmp_path / "notes.html"
    notes.write_text("<p>mine")
    code, _, said = videxpr("report", tmp_path, "-o", notes)
    assert (code, "is there, and no report of videxpr" in said) == (2, True)
    assert notes.read_text() == "<p>mine"
    code, _, said = videxpr("report", tmp_path / "missing")
    assert (code, "there is no such folder or file" in said) == (2, True)
