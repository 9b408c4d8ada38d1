"""Annotation of videos: the use case behind ``videxpr annotate``."""
