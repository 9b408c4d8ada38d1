"""Crops of faces: making them from videos, and measuring the geometry of somebody else's."""
