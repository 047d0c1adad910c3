"""Gradients and steps as their authors have them: formulas and numbers, with their sources."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from microgrand import ops
from microgrand.layers import Dense, Sequential, Sigmoid
from microgrand.op import registry
from microgrand.optimizers import SGD, Adam
from microgrand.penalties import PENALTIES
from microgrand.tape import Parameters, value_and_grad

seeds = st.integers(0, 2**32 - 1)
numbers = arrays(float, 5, elements=st.floats(-10, 10))
strengths = st.floats(0, 10)


def proximal(name: str, *arguments: Any) -> np.ndarray:
    step: Any = PENALTIES[name].proximal
    return step(*arguments)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


# -------------------------------------------------------------------- networks of logistic units


@given(seed=seeds)
def test_rumelhart_hinton_and_williams_1986(seed: int) -> None:
    """Learning representations by back-propagating errors, Nature 323, equations 1 to 7.

    E = ½ Σ (y − d)²; ∂E/∂y = y − d (4); ∂E/∂x = ∂E/∂y · y(1 − y) (5); ∂E/∂wⱼᵢ = ∂E/∂xⱼ · yᵢ (6);
    ∂E/∂yᵢ = Σⱼ ∂E/∂xⱼ · wⱼᵢ (7).
    """
    first, second, y0, d = normal(4, 3), normal(3, 2), normal(6, 4, seed=seed), normal(6, 2, seed=1)
    y1 = 1 / (1 + np.exp(-y0 @ first))
    y2 = 1 / (1 + np.exp(-y1 @ second))
    of_x2 = (y2 - d) * y2 * (1 - y2)
    of_x1 = (of_x2 @ second.T) * y1 * (1 - y1)

    def loss(weights: Any) -> Any:
        hidden = ops.sigmoid(ops.dense(y0, weights[0]["kernel"]))
        return ops.mean_squared_error(ops.sigmoid(ops.dense(hidden, weights[1]["kernel"])), d)

    parameters = Parameters.from_weights([{"kernel": first}, {"kernel": second}])
    mean, gradient = value_and_grad(loss)(parameters)
    count = d.size / 2  # ours is a mean, theirs half a sum
    assert count * mean == pytest.approx(0.5 * ((y2 - d) ** 2).sum(), rel=1e-12)
    for layer, expected in zip(gradient.weights, (y0.T @ of_x1, y1.T @ of_x2), strict=True):
        np.testing.assert_allclose(count * layer["kernel"], expected, rtol=1e-9, atol=1e-12)


def test_mazurs_example_step_by_step() -> None:
    """M. Mazur (2015), A step by step backpropagation example: 2-2-2 logistic units, rate 0.5.

    Its error is ½ Σ (target − out)², and its biases are not trained. The numbers are the page's.
    """
    network = Sequential((Dense(2), Sigmoid(), Dense(2), Sigmoid()))
    parameters = Parameters.from_weights(
        [
            {"kernel": np.array([[0.15, 0.25], [0.20, 0.30]]), "bias": np.full(2, 0.35)},
            {},
            {"kernel": np.array([[0.40, 0.50], [0.45, 0.55]]), "bias": np.full(2, 0.60)},
            {},
        ]
    )
    x, target = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
    np.testing.assert_allclose(
        network(parameters.weights, x), [[0.75136507, 0.772928465]], rtol=0, atol=5e-9
    )
    error, gradient = value_and_grad(
        lambda weights: ops.mean_squared_error(network(weights, x), target)
    )(parameters)
    assert error == pytest.approx(0.298371109, abs=5e-10)
    assert gradient.weights[2]["kernel"][0, 0] == pytest.approx(0.082167041, abs=5e-10)
    assert gradient.weights[0]["kernel"][0, 0] == pytest.approx(0.000438568, abs=5e-10)
    SGD(0.5).step(parameters.vector, gradient.vector * parameters.only("kernel"), {})
    np.testing.assert_allclose(
        parameters.weights[2]["kernel"],
        [[0.35891648, 0.511301270], [0.408666186, 0.561370121]],
        rtol=0,
        atol=5e-9,
    )
    np.testing.assert_allclose(
        parameters.weights[0]["kernel"],
        [[0.149780716, 0.24975114], [0.19956143, 0.29950229]],
        rtol=0,
        atol=5e-9,
    )


@given(seed=seeds)
def test_bridle_1990(seed: int) -> None:
    """Training stochastic model recognition algorithms: with softmax, ∂(−log Q)/∂V = Q − target."""
    logits, labels = normal(5, 4, seed=seed), np.random.default_rng(seed).integers(4, size=5)
    q = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rule = registry["softmax_cross_entropy"].gradients["logits"]
    gradient = rule(np.ones(()), None, logits, labels)
    np.testing.assert_allclose(5 * gradient, q - np.eye(4)[labels], atol=1e-14)


# --------------------------------------------------------------------------------- normalisation


@given(seed=seeds, epsilon=st.floats(1e-5, 1))
def test_ioffe_and_szegedy_2015(seed: int, epsilon: float) -> None:
    """Batch normalization, section 3, the six derivatives, for m values of one activation.

    With scale γ and shift β: ℓ's derivatives by x̂, σ², μ, x, γ, β, in the paper's order.
    """
    x, of_y = normal(7, 1, 1, 1, seed=seed), normal(7, 1, 1, 1, seed=seed + 1)
    gamma, beta = normal(1, seed=2), normal(1, seed=3)
    m, mean = len(x), x.mean()
    variance = ((x - mean) ** 2).mean()
    x_hat = (x - mean) / np.sqrt(variance + epsilon)

    of_x_hat = of_y * gamma
    of_variance = (of_x_hat * (x - mean) * (-1 / 2) * (variance + epsilon) ** (-3 / 2)).sum()
    of_mean = (of_x_hat * -1 / np.sqrt(variance + epsilon)).sum()
    of_mean += of_variance * (-2 * (x - mean)).sum() / m
    of_x = of_x_hat / np.sqrt(variance + epsilon)
    of_x += of_variance * 2 * (x - mean) / m + of_mean / m
    of_gamma, of_beta = (of_y * x_hat).sum(), of_y.sum()

    def loss(weights: Any) -> Any:
        (a,) = weights
        y = ops.scale_and_shift(ops.batch_norm(a["x"], epsilon), a["scale"], a["shift"])
        return (y * of_y).sum()

    _, gradient = value_and_grad(loss)(
        Parameters.from_weights([{"x": x, "scale": gamma, "shift": beta}])
    )
    ours = gradient.weights[0]
    size = np.abs(of_x_hat).max() / np.sqrt(variance + epsilon)
    np.testing.assert_allclose(ours["x"], of_x, atol=1e-12 * size)
    np.testing.assert_allclose(ours["scale"], [of_gamma], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours["shift"], [of_beta], rtol=1e-9, atol=1e-12)


# ------------------------------------------------------------------------ penalties and their steps


@given(least_squares=numbers, strength=strengths)
def test_tibshirani_1996(least_squares: np.ndarray, strength: float) -> None:
    """Regression shrinkage and selection via the lasso, section 2.2: what each does to an estimate.

    For an orthonormal design, lasso: sign(β)(|β| − γ)₊; ridge: β/(1 + γ), with the penalty γβ²/2.
    """
    lasso = np.sign(least_squares) * np.where(
        np.abs(least_squares) > strength, np.abs(least_squares) - strength, 0
    )
    np.testing.assert_allclose(proximal("l1", least_squares, strength), lasso, rtol=1e-12)
    ridge = least_squares / (1 + strength)
    np.testing.assert_allclose(proximal("half_l2", least_squares, strength), ridge, rtol=1e-12)


@given(v=numbers, strength=strengths)
def test_parikh_and_boyd_2014_moreaus_decomposition(v: np.ndarray, strength: float) -> None:
    """Proximal algorithms, sections 2.5, 6.5.1 and 6.5.4: v = prox_f(v) + prox_f*(v).

    f* is what keeps within the ball of the dual norm: of L1 the cube, of a length the ball.
    """
    cube = np.clip(v, -strength, strength)
    np.testing.assert_allclose(proximal("l1", v, strength) + cube, v, atol=1e-12)
    ball = v * min(1.0, strength / max(float(np.linalg.norm(v)), 1e-300))
    column = proximal("group_l1", v[:, None], strength)[:, 0]
    np.testing.assert_allclose(column + ball, v, atol=1e-12)


# ------------------------------------------------------------------------------------------- Adam


@pytest.mark.parametrize(("beta1", "beta2"), [(0.9, 0.999), (0.9, 0.99), (0.5, 0.999)])
def test_kingma_and_ba_2015_the_largest_step(beta1: float, beta2: float) -> None:
    """Adam, section 2.1: |Δ| ≤ α(1 − β₁)/√(1 − β₂) if 1 − β₁ > √(1 − β₂), else |Δ| ≤ α.

    The first is reached where all gradients but the last have been zero.
    """
    adam = Adam(1.0, beta1, beta2)
    bound = (1 - beta1) / np.sqrt(1 - beta2) if 1 - beta1 > np.sqrt(1 - beta2) else 1.0
    steps = []
    for slopes in ([0.0] * 20_000 + [5.0], list(normal(300)), [-2.0] * 300):
        vector = np.zeros(1)
        state = adam.init(vector)
        for slope in slopes:
            before = vector.copy()
            adam.step(vector, np.array([slope]), state)
            steps.append(float(np.abs(vector - before)[0]))
    assert max(steps) <= bound * (1 + 1e-9)
    assert max(steps) == pytest.approx(bound, rel=1e-4)
