"""The sound of a file, as packets for MP4."""

from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.packet import Packet
from videos import Track, write_tracks, write_video

from videxpr.core.errors import SourceError
from videxpr.video.sound import Sound, _in_order, open_sound

STEADY = [40 * number for number in range(12)]


def packets_of(sound: Sound, path: Path) -> list[float]:
    """When the packets of a copy come."""
    with av.open(str(path), "w") as output:
        return [seconds for seconds, _ in sound.add_to(output)]


def test_a_file_without_sound_has_none(tmp_path) -> None:
    path = write_video(tmp_path / "a.mp4", STEADY)
    assert open_sound(path, 0) is None
    with pytest.raises(SourceError, match="no such file"):
        open_sound(tmp_path / "b.mp4", 0)


def test_packets_are_cut_and_shifted(tmp_path) -> None:
    path = write_tracks(tmp_path / "a.mkv", Track(STEADY), sound=True)
    for start, end, shift, expected in (
        (-9, 99, 0, [0.0, 0.128, 0.256, 0.384]),
        (0.13, 0.3, 0, [0.128, 0.256]),
        (-9, 0.2, -1, [0.872, 1.0, 1.128]),
    ):
        with open_sound(path, 0) as sound:
            assert sound.is_copied
            part = Sound(sound.container, sound.stream, start, end, shift)
            found = packets_of(part, tmp_path / "b.mp4")
        assert [one for one in found if one >= 0][: len(expected)] == pytest.approx(expected)


def test_packets_that_do_not_rise_are_left_out() -> None:
    packets = []
    for stamp in (0, 10, 10, 7, 20, None, 30):
        packet = Packet(b"0")
        packet.pts = packet.dts = stamp
        packet.time_base = Fraction(1, 10)
        packets.append(packet)
    assert [seconds for seconds, _ in _in_order(packets)] == [0, 1, 2, 3]


def test_sound_that_mp4_does_not_hold_becomes_aac(tmp_path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=44100, layout="stereo")
        picture = output.add_stream("libx264", rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame(64, 48, "yuv420p")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        output.mux(picture.encode(frame))
        output.mux(picture.encode(None))
        heard = av.AudioFrame("s16", "stereo", 44100)
        heard.sample_rate, heard.pts, heard.time_base = 44100, 0, Fraction(1, 44100)
        for plane in heard.planes:
            plane.update(bytes(plane.buffer_size))
        output.mux(stream.encode(heard))
    with open_sound(path, 0) as sound, av.open(str(tmp_path / "b.mp4"), "w") as output:
        assert not sound.is_copied
        packets = sound.add_to(output)
        output.start_encoding()
        assert 0.95 < max(seconds for seconds, _ in packets) < 1.05
        assert output.streams[0].codec_context.name == "aac"
