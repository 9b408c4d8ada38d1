"""Bring a checkpoint of format 1 to format 2: names in its header change, its tensors do not.

python examples/upgrade_checkpoint.py old.safetensors new.safetensors
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

CONFIG = {"colour": "color"}
OPTIONS = {
    "grey": "gray",
    "teaching": "distillation_weight",
    "favour": "oversample",
    "sampling.placing": "sampling.placement",
    "augmentation.turn_degrees": "augmentation.rotation_degrees",
    "augmentation.colour": "augmentation.color",
    "augmentation.grey": "augmentation.gray",
    "augmentation.soften": "augmentation.downscale",
    "augmentation.surround": "augmentation.background_swap",
}
"""Fields of format 1, and what format 2 calls them."""

VARIANTS = {
    "only_trans": "transformer",
    "only_att": "attention",
    "combine": "both",
    "no_att_trans": "backbone",
}
"""Names of variants that the oldest files have."""


def upgraded(card: dict[str, Any]) -> dict[str, Any]:
    """Return what a checkpoint says of itself, in the words of format 2."""
    if card["format"] != 1:
        raise SystemExit(f"format {card['format']} is not 1: nothing to do")
    training = card["training"]
    config = {CONFIG.get(name, name): value for name, value in card["config"].items()}
    config["variant"] = VARIANTS.get(config["variant"], config["variant"])
    options = {OPTIONS.get(name, name): value for name, value in training["options"].items()}
    if options.get("sampling.placement") == "apart":
        options["sampling.placement"] = "non_overlapping"
    return {
        "format": 2,
        "config": config,
        "training": training | {"options": options},
        "license": card["licence"],
    }


def main(old: Path, new: Path) -> None:
    """Write the new file, and print hashes of both files' tensors."""
    content = old.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header, tensors = json.loads(content[8 : 8 + length]), content[8 + length :]
    card = json.loads(header["__metadata__"]["videxpr"])
    header["__metadata__"]["videxpr"] = json.dumps(upgraded(card))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # safetensors aligns its tensors to 8 bytes
    new.write_bytes(len(text).to_bytes(8, "little") + text + tensors)
    written = new.read_bytes()
    kept = written[8 + int.from_bytes(written[:8], "little") :]
    for name, part in (("before", tensors), ("after", kept)):
        print(f"tensors {name}: {hashlib.sha256(part).hexdigest()}")
    print(f"file: {hashlib.sha256(written).hexdigest()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
