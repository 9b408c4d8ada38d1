"""WebVTT to the letter."""

from interval_records import recording, two_people


def test_the_file_says_from_where_times_count(tmp_path):
    recording({1: [(0, 50, "Fear")]}).save(tmp_path / "talk.vtt")
    assert (tmp_path / "talk.vtt").read_text(encoding="utf-8") == (
        "WEBVTT\n\n"
        "NOTE\nTimes count from the start of the file: from its earliest sound or picture.\n\n"
        "00:00:00.000 --> 00:00:02.000\nFear\n"
    )


def test_people_are_named_where_there_are_several(tmp_path):
    two_people().save(tmp_path / "talk.vtt")
    assert "\nPerson 2: Sadness\n" in (tmp_path / "talk.vtt").read_text(encoding="utf-8")
