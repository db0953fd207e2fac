"""Supervised models of readers: what length and which tone suit them, learned from what the stream recorded.

`scorer.py`, `conformal.py` and `columns.py` need no library that only training has; the others need scikit-learn and onnx.
"""
