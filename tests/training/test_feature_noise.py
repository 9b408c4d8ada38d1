import numpy as np
import pytest
import torch
from torch.nn import functional

from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.training.feature_noise import FeatureNoise, SingleFrames, perturb_features


def some_features():
    generator = np.random.default_rng(0)
    means = np.array([[0.0, 0, 9], [5, 5, 0]])
    labels = [np.array([0, 0, 1, -1, 1], np.int8), np.array([1, 0, 0, 1], np.int8)]
    features = [
        (means[one] + generator.normal(0, 1, (len(one), 3))).astype(np.float16) for one in labels
    ]
    return features, labels


def test_deviations_are_from_the_mean_of_the_own_class_and_of_labeled_frames_alone():
    features, labels = some_features()
    noise = FeatureNoise(features, labels, 1.0)
    every, of = np.concatenate(features).astype(np.float32), np.concatenate(labels)
    expected = every[of >= 0] - np.stack([every[of == one].mean(0) for one in of[of >= 0]])
    np.testing.assert_allclose(noise.deviations, expected, atol=1e-5)
    assert noise.state_dict() == {}  # no part of a checkpoint


def test_frames_of_one_run_are_moved_together_by_a_multiple_of_one_deviation():
    noise = FeatureNoise(*some_features(), 0.8)
    labels = torch.tensor([[0, 0, 0, 1, 1, 0], [1, 1, 1, 1, 1, 1], [-1, -1, 0, 0, 2, 2]])
    given = torch.randn(3, 6, 3)
    moved = noise(given, labels) - given
    runs = [(0, 0, 3), (0, 3, 5), (0, 5, 6), (1, 0, 6), (2, 0, 2), (2, 2, 4), (2, 4, 6)]
    found = []
    for row, first, end in runs:
        torch.testing.assert_close(moved[row, first:end], moved[row, first].expand(end - first, 3))
        found.append(moved[row, first])
    assert len({tuple(one.tolist()) for one in found}) == len(runs)
    for one in found:
        along = functional.cosine_similarity(one[None], noise.deviations)
        source = int(along.argmax())
        assert along[source] > 0.999
        assert 0 <= one.norm() / noise.deviations[source].norm() <= 2 * 0.8 + 1e-4


def test_no_strength_moves_nothing():
    noise = FeatureNoise(*some_features(), 0.0)
    given = torch.randn(2, 4, 3)
    assert torch.equal(noise(given, torch.zeros(2, 4, dtype=torch.int64)), given)


def test_a_face_is_moved_by_what_another_one_differs_by_from_its_class():
    labels = torch.tensor([0, 0, 0, 1, 1, 2])  # the last one is alone in its class
    with torch.random.fork_rng():
        torch.manual_seed(0)
        given = torch.randn(6, 4) + 10 * labels[:, None]
        moves = torch.stack([perturb_features(given, labels, 0.7) - given for _ in range(40)])
    deviations = torch.cat(
        [
            (given[:3] - given[:3].mean(0)) * (3 / 2) ** 0.5,
            (given[3:5] - given[3:5].mean(0)) * 2**0.5,
        ]
    )
    along = functional.cosine_similarity(moves[..., None, :], deviations, dim=-1)
    nearest = along.argmax(dim=-1)
    assert along.amax(dim=-1).min() > 0.999
    assert len(nearest.unique()) == 5  # all but the lonely one's, which are nothing
    factors = moves.norm(dim=-1) / deviations.norm(dim=-1)[nearest]
    assert 1.3 < factors.max() <= 1.4 + 1e-4 and factors.min() < 0.1


def test_faces_that_are_all_alone_in_their_classes_stay_where_they_are():
    given = torch.randn(3, 4)
    assert torch.equal(perturb_features(given, torch.arange(3), 1.0), given)


def test_deviations_are_as_large_as_those_from_the_mean_of_all_however_few_there_are():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        labels = torch.arange(4000) // 2  # two of each class, in a batch
        given = torch.randn(4000, 1)
        moves = perturb_features(given, labels, 1.0) - given
    # the square of an even draw from 0 to 2 is 4/3 on average, that of a deviation 1
    assert moves.square().mean() == pytest.approx(4 / 3, rel=0.1)


def test_a_model_that_answers_as_the_head_does_is_as_near_as_it_can_be():
    model = ExpressionModel(ModelConfig(backbone="regnet_y_400mf", variant="transformer"))
    features = torch.randn(2, 5, model.width)
    head = (torch.randn(8, model.width) / 10, torch.randn(8))
    keep = SingleFrames(head, model.untrained)
    with torch.no_grad():
        model.head.weight.zero_()[:, : model.width].copy_(head[0])
        model.head.bias.copy_(head[1])
    model.eval()
    torch.manual_seed(1)
    alike = keep(model, features)
    rows = features.flatten(0, 1)
    known = functional.linear(rows, *head).masked_fill(model.untrained, -torch.inf).softmax(-1)
    entropies = -(known * known.clamp(min=1e-30).log()).sum(-1)
    assert entropies.min() < alike < entropies.max() + 0.5
    with torch.no_grad():
        model.head.bias += torch.arange(8)
    torch.manual_seed(1)
    apart = keep(model, features)
    assert apart > alike
    apart.backward()
    assert model.head.weight.grad.abs().sum() > 0
    assert keep.state_dict() == {}


@pytest.mark.parametrize(("lengths", "left"), [([3], 3), ([40_000], 13_334), ([20_000, 1], 10_001)])
def test_many_frames_are_thinned_out(lengths, left):
    features = [np.ones((length, 2), np.float16) for length in lengths]
    noise = FeatureNoise(features, [np.zeros(length, np.int8) for length in lengths], 1.0)
    assert len(noise.deviations) == left


def test_frames_keep_their_labels_where_videos_are_thinned_out():
    features = [np.full((20_000, 1), 5, np.float16), np.full((20_001, 1), -3, np.float16)]
    labels = [np.full(20_000, 2, np.int8), np.full(20_001, 6, np.int8)]
    assert (FeatureNoise(features, labels, 1.0).deviations == 0).all()
