"""Output formats, one small module each."""
