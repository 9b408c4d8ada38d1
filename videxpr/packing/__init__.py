"""Checkpoints made ready to travel: a folder fit for the Hugging Face Hub."""
