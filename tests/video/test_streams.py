"""Which of a file's video streams is read, by what is known of each."""

from videxpr.video.streams import StreamInfo, choose_stream, missing_stream_reason, other_streams

FILM = StreamInfo("h264", 640, 360, 72)
LARGE = StreamInfo("h264", 1280, 720, 72)
LONG = StreamInfo("h264", 640, 360, 900)
MARKED = StreamInfo("h264", 320, 180, 72, is_default=True)
STILL = StreamInfo("mjpeg", 1920, 1080, 1, shows_more=False, is_default=True)
COVER = StreamInfo("mjpeg", 3000, 3000, 90, is_default=True, is_picture=True)
UNKNOWN = StreamInfo("", 0, 0, 72, is_default=True)


def test_the_first_of_equals_is_read():
    assert choose_stream([FILM, FILM]) == 0


def test_what_is_marked_comes_before_what_is_large_and_that_before_what_is_long():
    assert choose_stream([LARGE, MARKED]) == 1
    assert choose_stream([LONG, LARGE]) == 1
    assert choose_stream([FILM, LONG]) == 1


def test_a_still_comes_after_every_film_and_a_cover_or_an_unknown_codec_never():
    assert choose_stream([STILL, FILM]) == 1
    assert choose_stream([COVER, UNKNOWN, STILL]) == 2
    assert choose_stream([COVER, UNKNOWN]) is None
    assert choose_stream([]) is None


def test_others_are_named_unless_they_are_pictures_or_cannot_be_read():
    assert other_streams([COVER, FILM, UNKNOWN], 1) is None
    assert other_streams([FILM, LARGE], 1) == (
        "video stream 1 of 2 was read (h264 1280x720, 72 frames); "
        "--stream 0 takes the other (h264 640x360, 72 frames)"
    )


def test_a_cover_is_read_if_it_is_asked_for_and_a_number_beyond_the_last_is_not():
    assert missing_stream_reason([FILM, COVER], 1) is None
    assert missing_stream_reason([FILM, COVER, UNKNOWN], 2) == (
        "no video stream 2 that can be decoded; there is 0 (h264 640x360, 72 frames), "
        "1 (mjpeg 3000x3000, 90 frames, a picture), 2 (no decoder for it, 72 frames)"
    )
