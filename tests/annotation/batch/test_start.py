"""What a call means for its workers: which videos are theirs, and what they may take."""

import shutil

import pytest
from hypothesis import given, strategies

from videxpr.annotation.batch.options import Shard
from videxpr.annotation.batch.start import in_shard
from videxpr.video.search import find_sources

COUNT = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    top = tmp_path_factory.mktemp("mount") / "videos"
    for number in range(40):
        path = top / f"day{number % 3}" / f"{number % 2}é{number:03d}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return top


def shards(*arguments, count=COUNT):
    """The relative paths of every shard."""
    sources = find_sources(map(str, arguments))
    drawn = [in_shard(sources, Shard(number + 1, count)) for number in range(count)]
    return [{one.relative.as_posix() for one in shard} for shard in drawn]


def test_every_video_is_in_exactly_one_shard(folder):
    drawn = shards(folder)
    everything = [path for shard in drawn for path in shard]
    assert len(everything) == 40 == len(set(everything))
    assert min(map(len, drawn)) > 3  # of 10 that are expected
    sources = find_sources([str(folder)])
    assert in_shard(sources, None) == in_shard(sources, Shard(1, 1)) == sources


def test_another_mount_point_draws_the_same(folder, tmp_path, monkeypatch):
    shutil.copytree(folder, tmp_path / "elsewhere" / "videos")
    assert shards(tmp_path / "elsewhere" / "videos") == shards(folder)
    monkeypatch.chdir(folder)
    assert shards(".") == shards(folder)


@given(order=strategies.permutations(range(40)), count=strategies.integers(1, 60))
def test_the_order_and_the_other_videos_draw_nothing_else(folder, order, count):
    sources = find_sources([str(folder)])
    shuffled = [sources[place] for place in order]
    for number in {1, count}:
        shard = Shard(number, count)
        drawn = in_shard(sources, shard)
        assert set(in_shard(shuffled, shard)) == set(drawn)
        assert in_shard(shuffled[:9], shard) == [one for one in shuffled[:9] if one in drawn]


def test_names_do_not_depend_on_the_shard(folder, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "talk.mp4").touch()
    sources = find_sources([str(tmp_path)])
    drawn = [one for number in (1, 2, 3) for one in in_shard(sources, Shard(number, 3))]
    assert {(one.key, one.name) for one in drawn} == {(one.key, one.name) for one in sources}
    assert len({one.key for one in drawn}) == 2


def test_a_shard_without_videos_has_nothing_to_do(videxpr, folder, tmp_path):
    (tmp_path / "a.mp4").touch()
    empty = [n for n, shard in enumerate(shards(tmp_path / "a.mp4"), 1) if not shard]
    assert len(empty) == COUNT - 1
    words = ("-o", tmp_path / "out", "--device", "cpu", "--shard", f"{empty[0]}/{COUNT}")
    code, _, error = videxpr("annotate", tmp_path / "a.mp4", *words)
    assert code == 0, error
