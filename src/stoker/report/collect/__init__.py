"""What the artifacts of a run say, collected for its report, its card and its summary."""
