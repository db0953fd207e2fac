"""What surrounds the training of models: reading examples from topics, announcing models on models.v1."""
