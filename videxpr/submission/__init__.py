"""Submissions to the challenges: made from annotations, and checked line by line."""
