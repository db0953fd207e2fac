"""Anomaly models: autoencoder, largest robust deviation and Isolation Forest, combined by their tail probabilities."""
