"""The expression model: a RegNetY backbone, an encoder over the window, a head for each frame.

Method: Phan, Nguyen, Huynh, Kim, "Facial Expression Classification using Fusion of Deep Neural
Network in Video", CVPR Workshops 2022. The encoder's output is concatenated with the backbone's
features, and one linear layer gives eight logits for every frame of a window.

    crops (N, 112, 112, 3) uint8
      -> embed      (N, 888)
      -> windows    (W, T, 888)
      -> classify   (W, T, 8)
"""

from typing import Any, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from videxpr.model.backbones import build_backbone, memory_format_for
from videxpr.model.config import ModelConfig

__all__ = ["ExpressionModel", "ModelConfig"]

HEADS: Final = 2
HEAD_WIDTH: Final = 64
FEED_FORWARD_WIDTH: Final = 512


class ExpressionModel(nn.Module):
    """Backbone, encoder and head. `embed` and `classify` are all that annotation needs.

    Attributes:
        config: what the model is.
        width: features of a frame, 888 of ``regnet_y_1_6gf``.
    """

    def __init__(self, config: ModelConfig) -> None:
        """Build a model of random weights.

        Args:
            config: what it is.
        """
        super().__init__()
        self.config = config
        self.backbone, width = build_backbone(config.backbone)
        self.width = width
        self.attention = Attention(width) if config.variant in ("attention", "both") else None
        self.transformer = (
            TransformerBlock(width) if config.variant in ("transformer", "both") else None
        )
        self.position = (
            nn.Parameter(torch.zeros(config.window, width))
            if config.position == "learned"
            else None
        )
        parts = 1 + (self.attention is not None) + (self.transformer is not None)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(parts * width, len(config.expressions))
        self.mean: Tensor
        self.std: Tensor
        self.untrained: Tensor
        self.register_buffer("mean", _channels(config.mean), persistent=False)
        self.register_buffer("std", _channels(config.std), persistent=False)
        trained = [name in config.trained_expressions for name in config.expressions]
        self.register_buffer("untrained", ~torch.tensor(trained), persistent=False)

    def _apply(self, *args: Any, **kwargs: Any) -> Self:
        """Let weights take the layout of the device that they come to; `to` calls it too."""
        super()._apply(*args, **kwargs)  # type: ignore[no-untyped-call]
        self.backbone.to(memory_format=memory_format_for(self.device))
        return self

    @property
    def device(self) -> torch.device:
        """Return where the weights are."""
        return self.head.weight.device

    def embed(self, crops: NDArray[np.uint8] | Tensor) -> Tensor:
        """Return features of face crops, normalized here.

        Args:
            crops: RGB, uint8, shape (N, size, size, 3) with the size of ``config.crop``.

        Returns:
            (N, 888) float32 on the model's device.

        Raises:
            ValueError: the crops have another shape or type.
        """
        size = self.config.crop.size
        tensor = _tensor(crops)
        if tensor.dtype != torch.uint8 or tensor.shape[1:] != (size, size, 3):
            raise ValueError(
                f"crops must be uint8 of shape (N, {size}, {size}, 3), "
                f"not {tensor.dtype} of shape {tuple(tensor.shape)}"
            )
        return self.features(self.pixels(tensor.to(self.device)))

    def pixels(self, crops: Tensor) -> Tensor:
        """Return pixels (N, 3, input_size, input_size) in [0, 1] of crops (N, size, size, 3) uint8."""
        pixels = crops.permute(0, 3, 1, 2).float() / 255
        side = self.config.input_size
        if side != crops.shape[1]:
            pixels = functional.interpolate(pixels, (side, side), mode="bilinear", antialias=True)
        return pixels

    def features(self, pixels: Tensor) -> Tensor:
        """Return features (N, 888) of RGB pixels (N, 3, H, W) in [0, 1]; any size, for training."""
        layout = memory_format_for(pixels.device)
        features: Tensor = self.backbone(self.normalized(pixels).contiguous(memory_format=layout))
        return features

    def normalized(self, pixels: Tensor) -> Tensor:
        """Return pixels (N, 3, H, W) in [0, 1] as the backbone takes them."""
        if not self.config.color:
            pixels = pixels.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
        return (pixels - self.mean) / self.std

    def classify(self, windows: NDArray[np.float32] | Tensor) -> Tensor:
        """Return calibrated logits for every frame of windows of features.

        Args:
            windows: (W, T, 888) float32.

        Returns:
            (W, T, 8) float32; minus infinity for classes that were never trained.

        Raises:
            ValueError: the windows have another shape, or more frames than a model with positions.
        """
        tensor = _tensor(windows, np.float32).to(self.device)
        if tensor.ndim != 3 or tensor.shape[2] != self.width:
            raise ValueError(
                f"windows must have shape (W, T, {self.width}), not {tuple(tensor.shape)}"
            )
        if self.position is not None and tensor.shape[1] > len(self.position):
            raise ValueError(
                f"this model knows {len(self.position)} places of a window, not {tensor.shape[1]}"
            )
        logits = self.logits(tensor) / self.config.temperature
        return logits.masked_fill(self.untrained, float("-inf"))

    def logits(self, windows: Tensor) -> Tensor:
        """Return logits (W, T, 8) of windows (W, T, 888) for training: uncalibrated, all classes."""
        parts, encoded = [windows], windows
        if self.position is not None:
            encoded = windows + self.position[: windows.shape[1]]
        if self.attention is not None:
            parts.append(self.attention(encoded))
        if self.transformer is not None:
            parts.append(self.transformer(encoded))
        fused = torch.cat(parts, dim=-1)  # (W, T, 888 * parts)
        result: Tensor = self.head(self.dropout(fused))
        return result


class TransformerBlock(nn.Module):
    """One pre-norm block without positions: x = MHSA(LN(x)) + x; x = FFN(LN(x)) + x."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, FEED_FORWARD_WIDTH), nn.GELU(), nn.Linear(FEED_FORWARD_WIDTH, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return what becomes of windows of features (W, T, width), in the same shape."""
        x = self.attention(self.attention_norm(x)) + x
        result: Tensor = self.feed_forward(self.feed_forward_norm(x)) + x
        return result


class Attention(nn.Module):
    """Multi-head self-attention, 2 heads of 64, projected back to the input's width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.to_qkv = nn.Linear(width, 3 * HEADS * HEAD_WIDTH, bias=False)
        self.to_out = nn.Linear(HEADS * HEAD_WIDTH, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return for every frame of windows (W, T, width) what it attends to, in the same shape."""
        batch, time, _ = x.shape
        qkv = self.to_qkv(x).view(batch, time, 3, HEADS, HEAD_WIDTH)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # each (W, heads, T, 64)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        result: Tensor = self.to_out(mixed.transpose(1, 2).flatten(2))  # (W, T, 128) -> (W, T, 888)
        return result


def _tensor(array: NDArray[Any] | Tensor, dtype: type[np.float32] | None = None) -> Tensor:
    """Return an array as torch takes it, which knows neither mirrored ones (``bgr[..., ::-1]``) nor
    float64 beside float32."""
    if isinstance(array, Tensor):
        return array
    return torch.as_tensor(np.ascontiguousarray(array, dtype))


def _channels(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values).view(1, 3, 1, 1)
