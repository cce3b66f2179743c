"""Tiny models in the published formats: an ONNX file and a SAM 2 folder that know red from grey."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _part(field: int, content: bytes | str) -> bytes:
    data = content.encode() if isinstance(content, str) else content
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _tensor(name: str, shape: Sequence[int], values: Sequence[float]) -> bytes:
    dims = b"".join(_number(1, d) for d in shape)
    data = struct.pack(f"<{len(values)}f", *values)
    return dims + _number(2, 1) + _part(8, name) + _part(9, data)


def _value(name: str, shape: Sequence[int]) -> bytes:
    dims = b"".join(_part(1, _number(1, d)) for d in shape)
    return _part(1, name) + _part(2, _part(1, _number(1, 1) + _part(2, dims)))


def write_onnx(path: Path, side: int, gain: float) -> Path:
    """An ONNX network [1, 3, side, side] -> [1, 1, side, side]: logits gain * (red - 0.5).

    Red is the picture's own, 0..1: the network undoes the normalisation by ImageNet's figures.
    Written by the field numbers of ONNX's published message format.
    """
    node = b"".join(_part(1, n) for n in ("input_image", "w", "b"))
    node += _part(2, "output_image") + _part(3, "conv") + _part(4, "Conv")
    weights = (gain * STD[0], 0.0, 0.0)
    graph = _part(1, node) + _part(2, "tiny")
    graph += _part(5, _tensor("w", (1, 3, 1, 1), weights))
    graph += _part(5, _tensor("b", (1,), (gain * (MEAN[0] - 0.5),)))
    graph += _part(11, _value("input_image", (1, 3, side, side)))
    graph += _part(12, _value("output_image", (1, 1, side, side)))
    model = _number(1, 8) + _part(7, graph) + _part(8, _part(1, "") + _number(2, 13))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model)
    return path


def write_sam2(folder: Path, steps: int = 60) -> Path:
    """A SAM 2 of 128 pixels, trained for a few seconds to find one red patch on grey."""
    import torch
    from transformers import Sam2Config, Sam2Model

    torch.manual_seed(0)
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 8,
        "num_attention_heads": 1,
        "image_size": [128, 128],
        "blocks_per_stage": [1, 1, 1, 1],
        "embed_dim_per_stage": [8, 16, 32, 64],
        "num_attention_heads_per_stage": [1, 1, 2, 2],
        "window_size_per_stage": [8, 4, 4, 4],
        "global_attention_blocks": [],
        "window_positional_embedding_background_size": [7, 7],
    }
    config = Sam2Config(
        vision_config={
            "backbone_config": backbone,
            "backbone_channel_list": [64, 32, 16, 8],
            "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
            "fpn_hidden_size": 32,
        },
        prompt_encoder_config={
            "hidden_size": 32,
            "image_size": 128,
            "patch_size": 16,
            "mask_input_channels": 4,
        },
        mask_decoder_config={
            "hidden_size": 32,
            "mlp_dim": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 16,
        },
    )
    model = Sam2Model(config).train()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    mean, std = (torch.tensor(v, dtype=torch.float32).view(3, 1, 1) for v in (MEAN, STD))
    rng = np.random.default_rng(0)
    for _ in range(steps):
        pictures = torch.full((8, 3, 128, 128), 0.4)
        truth = torch.zeros((8, 1, 32, 32))
        points, boxes = [], []
        for i in range(8):
            w, h = rng.integers(8, 20, 2)
            x, y = int(rng.integers(1, 31 - w)), int(rng.integers(1, 31 - h))
            red = torch.tensor([0.9, 0.2, 0.1]).view(3, 1, 1)
            pictures[i, :, y * 4 : (y + h) * 4, x * 4 : (x + w) * 4] = red
            truth[i, 0, y : y + h, x : x + w] = 1
            points.append((np.array([x, y]) + rng.random((4, 2)) * [w, h]) * 4)
            boxes.append(np.array([x - 1, y - 1, x + w + 1, y + h + 1]) * 4)
        answer = model(
            pixel_values=(pictures - mean) / std,
            input_points=torch.tensor(np.stack(points)[:, None], dtype=torch.float32),
            input_labels=torch.ones((8, 1, 4), dtype=torch.int64),
            input_boxes=torch.tensor(np.stack(boxes)[:, None], dtype=torch.float32),
            multimask_output=False,
        )
        loss = torch.nn.functional.binary_cross_entropy_with_logits(answer.pred_masks[:, 0], truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    return folder
