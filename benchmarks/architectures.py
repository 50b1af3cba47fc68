"""Unmodified models of transformers, timm and torch.nn, random small configurations: does it convert, and how exactly?

    python -m benchmarks.architectures [name …]

Each is calibrated on 8 random samples with precision="auto", error=0.015, and measured on 8 others: relative L2 error
of the readout after 3 and 8 ticks. Without names all are measured, and docs/architectures.csv is written.
"""

from __future__ import annotations

import csv
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks import torchvision_stub
from converters import convert
from spiking import SpikingError, run, table

TABLE = Path(__file__).resolve().parents[1] / "docs" / "architectures.csv"
HEAD = ["model", "neurons", "error at T=3", "error at T=8", "spikes/neuron"]
Data = Tensor | dict[str, Tensor]
VOCABULARY, LENGTH, SAMPLES = 100, 12, 8
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


class Case(NamedTuple):
    """A model, samples for it, and which of its outputs to keep."""

    model: Callable[[], nn.Module]
    samples: Callable[[], Data]
    outputs: list[str] | None = None


class First(nn.Module):
    """The sequence output of a recurrent layer."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)[0]


class Translator(nn.Module):
    """nn.Transformer with two inputs by name."""

    def __init__(self) -> None:
        super().__init__()
        self.transformer = nn.Transformer(32, 4, 2, 2, 64, batch_first=True)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        return self.transformer(source, target)


class UNet(nn.Module):
    """One level: skip concatenation, bilinear and learned upsampling."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.floor = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU())
        self.up, self.learned = nn.Upsample(scale_factor=2, mode="bilinear"), nn.ConvTranspose2d(16, 8, 2, 2)
        self.mix, self.head = nn.Conv2d(24, 4, 3, padding=1), nn.Conv2d(12, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        a = self.down(x)
        b = self.floor(a)
        c = torch.relu(self.mix(torch.cat([a, self.up(b)], 1)))
        return self.head(torch.cat([c, self.learned(b)], 1))


def images() -> Tensor:
    return torch.randn(SAMPLES, 3, 32, 32)


def pixels() -> Data:
    return {"pixel_values": images()}


def tokens() -> Data:
    return {"input_ids": torch.randint(0, VOCABULARY, (SAMPLES, LENGTH))}


def masked() -> Data:
    mask = torch.ones(SAMPLES, LENGTH, dtype=torch.long)
    mask[::2, -3:] = 0
    return {"input_ids": torch.randint(0, VOCABULARY, (SAMPLES, LENGTH)), "attention_mask": mask}


def hugging(name: str, config: str, **setting: Any) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        torchvision_stub.absent()
        import transformers

        made = getattr(transformers, config)(**setting)
        made.use_cache = False
        if name == "WhisperEncoder":
            from transformers.models.whisper.modeling_whisper import WhisperEncoder

            return WhisperEncoder(made)
        return getattr(transformers, name)(made)

    return build


def timm(name: str, **setting: Any) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        torchvision_stub.stubbed()
        import timm

        if name == "mlp_mixer":
            return timm.models.mlp_mixer.MlpMixer(num_classes=10, **setting)
        return timm.create_model(name, num_classes=10, **setting)

    return build


def text(**more: Any) -> dict[str, Any]:
    return {**SMALL, "vocab_size": VOCABULARY, **more}


STATES = ["last_hidden_state"]
PATCHES = {**SMALL, "image_size": 32, "patch_size": 8}
GROUPED = text(num_key_value_heads=2, bos_token_id=0, eos_token_id=1)
GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": VOCABULARY, "bos_token_id": 0, "eos_token_id": 1}
SWIN = {"image_size": 32, "patch_size": 2, "embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4}
WHISPER = {"encoder_layers": 2, "encoder_attention_heads": 4, "encoder_ffn_dim": 64, "num_mel_bins": 16}
TIMM_SWIN = {"img_size": 32, "patch_size": 2, "embed_dim": 16, "depths": (2, 2), "num_heads": (2, 4), "window_size": 4}
BERT = {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64, "vocab_size": VOCABULARY}
T5 = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "vocab_size": VOCABULARY}
MAMBA = {"hidden_size": 32, "num_hidden_layers": 2, "vocab_size": VOCABULARY, "state_size": 4}
RWKV = {"hidden_size": 32, "attention_hidden_size": 32, "num_hidden_layers": 2, "vocab_size": VOCABULARY}
WIDE = {"img_size": 32, "patch_size": 8, "embed_dim": 32}
RECURRENT = {"num_layers": 2, "bidirectional": True, "batch_first": True}


def sequence(length: int = 6, width: int = 8) -> Callable[[], Tensor]:
    return lambda: torch.randn(SAMPLES, length, width)


def encoder() -> nn.Module:
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), 2)


ARCHITECTURES = {
    "transformers ViT": Case(hugging("ViTModel", "ViTConfig", **PATCHES), pixels, STATES),
    "transformers DeiT": Case(hugging("DeiTModel", "DeiTConfig", **PATCHES), pixels, STATES),
    "transformers ResNet": Case(
        hugging("ResNetModel", "ResNetConfig", embedding_size=16, hidden_sizes=[16, 32], depths=[1, 1]), pixels, STATES
    ),
    "transformers ConvNeXt": Case(
        hugging("ConvNextModel", "ConvNextConfig", hidden_sizes=[16, 32], depths=[1, 1], num_stages=2), pixels, STATES
    ),
    "transformers MobileNetV2": Case(
        hugging("MobileNetV2Model", "MobileNetV2Config", depth_multiplier=0.25, image_size=32), pixels, STATES
    ),
    "transformers Swin": Case(hugging("SwinModel", "SwinConfig", **SWIN), pixels, STATES),
    "transformers BERT": Case(hugging("BertModel", "BertConfig", **text()), masked, STATES),
    "transformers DistilBERT": Case(hugging("DistilBertModel", "DistilBertConfig", **BERT), tokens),
    "transformers GPT-2": Case(hugging("GPT2LMHeadModel", "GPT2Config", **GPT2), tokens),
    "transformers Llama": Case(hugging("LlamaForCausalLM", "LlamaConfig", **GROUPED), tokens),
    "transformers Qwen2": Case(hugging("Qwen2ForCausalLM", "Qwen2Config", **GROUPED), tokens),
    "transformers Mistral": Case(hugging("MistralForCausalLM", "MistralConfig", **GROUPED, sliding_window=6), tokens),
    "transformers T5 encoder": Case(hugging("T5EncoderModel", "T5Config", **T5), tokens),
    "transformers Whisper encoder": Case(
        hugging("WhisperEncoder", "WhisperConfig", d_model=32, max_source_positions=20, **WHISPER),
        lambda: {"input_features": torch.randn(SAMPLES, 16, 40)},
    ),
    "transformers Mamba": Case(hugging("MambaModel", "MambaConfig", **MAMBA), tokens),
    "transformers RWKV": Case(hugging("RwkvModel", "RwkvConfig", **RWKV), tokens),
    "timm vit": Case(timm("vit_tiny_patch16_224", depth=2, num_heads=4, **WIDE), images),
    "timm swin": Case(timm("swin_tiny_patch4_window7_224", **TIMM_SWIN), images),
    "timm efficientnet_b0": Case(timm("efficientnet_b0"), images),
    "timm mlp_mixer": Case(timm("mlp_mixer", num_blocks=2, **WIDE), images),
    "timm regnetx_002": Case(timm("regnetx_002"), images),
    "timm densenet": Case(timm("densenet121", growth_rate=8, block_config=(2, 2, 2)), images),
    "timm mobilenetv3_small": Case(timm("mobilenetv3_small_050"), images),
    "nn.Transformer": Case(
        Translator, lambda: {"source": torch.randn(SAMPLES, 7, 32), "target": torch.randn(SAMPLES, 5, 32)}
    ),
    "nn.TransformerEncoder": Case(encoder, sequence(7, 32)),
    "nn.LSTM": Case(lambda: First(nn.LSTM(8, 16, **RECURRENT)), sequence()),
    "nn.GRU": Case(lambda: First(nn.GRU(8, 16, **RECURRENT)), sequence()),
    "nn.RNN": Case(lambda: First(nn.RNN(8, 16, **RECURRENT)), sequence()),
    "U-Net": Case(UNet, images),
}


class Result(NamedTuple):
    """Relative error after 3 and 8 ticks, spikes of a neuron, neurons, and the precision it took."""

    early: float
    late: float
    spikes: float
    neurons: int


def built(case: Case, seed: int = 0) -> nn.Module:
    """Return the model with random weights, its statistics and silent heads made random too."""
    torch.manual_seed(seed)
    model = case.model().eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
        for parameter in model.parameters():
            if not parameter.any() and parameter.ndim > 1:
                parameter.normal_(0, 0.1)
    return model


def measured(case: Case, error: float = 0.015) -> Result:
    """Convert on one set of samples and measure on another."""
    model = built(case)
    network = convert(model, case.samples(), outputs=case.outputs, precision="auto", error=error)
    fresh = case.samples()
    with torch.no_grad():
        answer = model(**fresh) if isinstance(fresh, dict) else model(fresh)
    if not isinstance(answer, Tensor):
        answer = answer[case.outputs[0]] if case.outputs else answer[0]
    record = run(network, fresh, steps=8, progress=False)
    errors = record.relative_error(answer.numpy().reshape(record.readout.shape[1:]))
    inner = {node.name for node in network.populations}
    sent = sum(float(curve.sum()) for name, curve in record.activity.spikes.items() if name in inner)
    return Result(float(errors[2]), float(errors[7]), sent / network.neurons, network.neurons)


def main(names: list[str]) -> None:
    rows = []
    for name in names or ARCHITECTURES:
        try:
            r = measured(ARCHITECTURES[name])
            rows.append([name, f"{r.neurons:,}", f"{r.early:.4f}", f"{r.late:.4f}", f"{r.spikes:.2f}"])
        except SpikingError as error:
            rows.append([name, "–", "–", "–", str(error).splitlines()[1].split("  ")[1]])
        print(rows[-1], file=sys.stderr)
    print(table(HEAD, rows))
    if not names:
        with TABLE.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([HEAD, *rows])


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *ARCHITECTURES], metavar="name")
    main(parser.parse_args().names)
