"""Predictions of content length and tone: from the model's output to a proposal, or to silence."""
