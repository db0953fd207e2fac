"""The stages of the adjust operator: each owns its state, is tested alone, and knows nothing of the others."""
