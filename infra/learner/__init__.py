"""The learner: reads features.v1, publishes segments and alerts, and starts retrainings."""
