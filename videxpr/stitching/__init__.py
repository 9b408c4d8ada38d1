"""Sequences stitched from labelled still crops, in Aff-Wild2's layout, to train an encoder on."""
