"""Predictions against labels: the figures, how sure they are, and what they are written to."""
