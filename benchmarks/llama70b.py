"""Llama-3-70B from shapes alone: what it would take as a spiking network, in seconds and without its weights.

    python -m benchmarks.llama70b

Needs the package transformers. Prefill reads 128 tokens at once; decoding reads one, without the keys and values of the
tokens before it.
"""

from __future__ import annotations

import resource
import sys
import time
import warnings
from argparse import ArgumentParser, RawDescriptionHelpFormatter

import torch
from torch import nn

from converters import outline
from hardware import assumed, compare
from spiking import SpikingNetwork, si, synapses

TOKENS = (128, 1)
PLATFORMS = ("brain", "loihi1", "a100")


def llama() -> nn.Module:
    """The published configuration, without values."""
    sys.modules.setdefault("torchvision", None)  # type: ignore[arg-type]  # not needed, and may not fit this torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        hidden_size=8192,
        num_hidden_layers=80,
        num_attention_heads=64,
        num_key_value_heads=8,
        intermediate_size=28672,
        vocab_size=128256,
        use_cache=False,
    )
    with torch.device("meta"):
        return LlamaForCausalLM(config).eval()


def counts(network: SpikingNetwork) -> str:
    """W, S, R and what else there is to lay down."""
    found = synapses(network).values()
    weights, unrolled = sum(one.weights for one in found), sum(one.unrolled for one in found)
    gates = sum(one.dynamic for one in found)
    depth = max(network.depth[out.name] for out in network.outputs)
    return (
        f"W {si(weights, '')}  S {si(unrolled, '')}  R {unrolled / weights:,.1f}  gating {si(gates, '')}  "
        f"neurons {si(network.bodies, '')}  depth {depth}"
    )


def main() -> None:
    warnings.simplefilter("ignore")
    model = llama()
    print(f"parameters {sum(p.numel() for p in model.parameters()):,}")
    for tokens in TOKENS:
        begin = time.perf_counter()
        network = outline(model, {"input_ids": torch.zeros(1, tokens, dtype=torch.long)})
        seen = time.perf_counter()
        print(f"\n{tokens} token(s): {counts(network)}")
        print(compare(network, assumed(network, spikes_per_neuron=1.0), PLATFORMS))
        print(network.coverage())
        done = time.perf_counter()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(f"captured in {seen - begin:.1f} s, costed in {done - seen:.1f} s, peak memory {si(peak, 'B')}")


if __name__ == "__main__":
    ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter).parse_args()
    main()
