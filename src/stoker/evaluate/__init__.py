"""Evaluate: score predictions with intervals, compare with the baseline, and report."""
