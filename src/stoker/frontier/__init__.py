"""The frontier: candidates that were made smaller, measured and weighed against the model."""
