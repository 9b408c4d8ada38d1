"""What a user can choose about text formats."""

from typing import Literal

Missing = Literal["fill", "none"]
"""What text formats say of frames without a face: interpolated labels, or -1."""
