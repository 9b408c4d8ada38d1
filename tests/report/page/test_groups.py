import numpy as np
import pytest

from videxpr.report.page.groups import LEAST_VIDEOS, Member, compare_folders


def member(*folders: str, happy: float = 0.5, **fields) -> Member:
    shares = (1 - happy, 0.0, 0.0, 0.0, happy, 0.0, 0.0, None)
    return Member(**{"folders": folders, "shares": shares, "coverage": 1.0} | fields)


def test_each_level_of_folders_is_compared() -> None:
    members = [
        member(f"p{person}", session, happy=0.2 if session == "before" else 0.6)
        for person in range(6)
        for session in ("before", "after")
    ]
    whole, people, sessions = compare_folders(members, ["participant", "session"])
    assert [group["name"] for group in whole["groups"]] == ["mean of all"]
    assert (people["level"], len(people["groups"])) == ("participant", 6)
    means = {group["name"]: group["shares"][4][0] for group in sessions["groups"]}
    assert means == {"after": 0.6, "before": 0.2}
    assert whole["groups"][0]["shares"][4][0] == pytest.approx(0.4)


def test_an_interval_holds_the_mean_and_is_as_wide_as_the_standard_error_says() -> None:
    happy = np.random.default_rng(3).uniform(0, 1, 60)
    (whole,) = compare_folders([member(happy=float(one)) for one in happy], [])
    mean, low, high = whole["groups"][0]["shares"][4]
    assert mean == pytest.approx(happy.mean(), abs=1e-4)
    error = happy.std(ddof=1) / np.sqrt(60)
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.1)


def test_few_videos_have_no_interval() -> None:
    few = [member(happy=0.1 * one) for one in range(LEAST_VIDEOS - 1)]
    (whole,) = compare_folders(few, [])
    assert [len(one) for one in whole["groups"][0]["shares"][:7]] == [1] * 7


def test_nobody_and_never_trained_are_not_zero() -> None:
    seen, nobody = member(happy=0.8), member(shares=(), coverage=0.0)
    (whole,) = compare_folders([seen, nobody], [])
    (group,) = whole["groups"]
    assert group["shares"][4] == [0.8]
    assert group["shares"][7] is None
    assert (group["videos"], group["with_face"], group["coverage"]) == (2, 1, 0.5)
