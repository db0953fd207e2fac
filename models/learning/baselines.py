"""What a first model has to beat: the best constant, and a linear model of the same inputs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.learning.columns import Doubles, Floats
from models.learning.one_hot import OneHot


def constant_number(truth: Doubles, rows: int) -> Doubles:
    """Predicts the median of training: no other constant has a smaller mean absolute error there."""
    return np.full((rows, 1), float(np.median(truth)))


def constant_label(truth: NDArray[Any], classes: tuple[str, ...], rows: int) -> Doubles:
    """Predicts the shares of training: no other constant has a smaller log loss there."""
    shares = np.array([float((truth == name).mean()) for name in classes])
    return np.tile(shares, (rows, 1))


def linear_number(one_hot: OneHot, rows: Floats, truth: Doubles, later: Floats) -> Doubles:
    """Predicts by ridge regression on standardised inputs."""
    model = make_pipeline(StandardScaler(), Ridge()).fit(one_hot.scaled(rows), truth)
    predicted: Doubles = model.predict(one_hot.scaled(later))
    return predicted.reshape(-1, 1)


def linear_label(one_hot: OneHot, rows: Floats, truth: NDArray[Any], later: Floats) -> Doubles:
    """Predicts by logistic regression on standardised inputs; classes in the order of their names."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000)).fit(
        one_hot.scaled(rows), truth.astype(str)
    )
    shares: Doubles = model.predict_proba(one_hot.scaled(later))
    return shares
