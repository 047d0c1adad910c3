"""Shake-shake: the value of one mixture, the gradient of another, and of which function it is."""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import make_vjp
from hypothesis import assume, given
from hypothesis import strategies as st

from microgrand import ops
from microgrand.op import registry

seeds = st.integers(0, 2**32 - 1)
shares = st.floats(0, 1)
DEFINITION = registry["shake_shake"].definition


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two branches of five rows, and a cotangent of their mixture."""
    generator = np.random.default_rng(seed)
    return generator.normal(size=(5, 2, 3)), generator.normal(size=(5, 3))


@given(seed=seeds, alpha=shares, beta=shares)
def test_it_has_the_value_of_one_mixture_and_the_gradient_of_another(
    seed: int, alpha: float, beta: float
) -> None:
    x, cotangent = drawn(seed)
    forward, backward = np.full((5, 1), alpha), np.full((5, 1), beta)

    def mixture(share: float) -> object:
        return lambda x: share * x[..., 0, :] + (1 - share) * x[..., 1, :]

    pull_back, y = make_vjp(lambda x_: ops.shake_shake(x_, x, forward, backward), 0)(x)
    _, wanted_value = make_vjp(mixture(alpha), 0)(x)
    wanted_pull_back, _ = make_vjp(mixture(beta), 0)(x)
    np.testing.assert_allclose(y, wanted_value, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(pull_back(cotangent), wanted_pull_back(cotangent), atol=1e-12)


@given(seed=seeds, alpha=shares, beta=shares)
def test_it_is_not_the_gradient_of_its_own_value(seed: int, alpha: float, beta: float) -> None:
    """Let what is held move as well, and the slopes are those of the other mixture."""
    assume(abs(alpha - beta) > 1e-3)
    x, cotangent = drawn(seed)
    forward, backward = np.full((5, 1), alpha), np.full((5, 1), beta)
    honest, _ = make_vjp(lambda x: DEFINITION(x, x, forward, backward), 0)(x)
    by_hand = registry["shake_shake"].gradients["x"](cotangent, None, x, x, forward, backward)
    shares_of = anp.stack([forward * cotangent, (1 - forward) * cotangent], axis=-2)
    np.testing.assert_allclose(honest(cotangent), shares_of, atol=1e-12)
    assert not np.allclose(by_hand, honest(cotangent), atol=1e-6)


def test_the_branches_share_what_arrives_whatever_the_shares() -> None:
    x, cotangent = drawn(0)
    backward = np.random.default_rng(1).uniform(size=(5, 1))
    gradient = registry["shake_shake"].gradients["x"](cotangent, None, x, x, backward, backward)
    np.testing.assert_allclose(gradient.sum(axis=-2), cotangent, rtol=1e-12)


def test_every_row_has_shares_of_its_own() -> None:
    x, _ = drawn(0)
    alpha = np.array([[0.0], [1.0], [0.5], [0.25], [2.0]])
    y = ops.shake_shake(x, x, alpha, np.zeros((5, 1)))
    for row, (one, other), share in zip(y, x, alpha[:, 0], strict=True):
        np.testing.assert_allclose(row, share * one + (1 - share) * other, atol=1e-12)


@pytest.mark.parametrize("branches", [1, 3])
def test_there_are_two_branches(branches: int) -> None:
    x, share = np.ones((5, branches, 3)), np.full((5, 1), 0.5)
    with pytest.raises(ValueError, match=f"mixes two branches, not {branches}"):
        ops.shake_shake(x, x, share, share)
