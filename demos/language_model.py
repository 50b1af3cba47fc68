"""A language model
================

Teach a small decoder a paragraph by heart, convert it, and let spikes recite it, token by token.

::

    python demos/language_model.py

Half a minute on one core. It tells a story too where the weights of stories260K lie in ``../shared/data``; elsewhere
that part is left out. Expected, among much else::

    source: 50 of 50 characters right
    T=6 50 of 50
"""

from __future__ import annotations

import sys

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from converters import convert
from converters.examples import FOLDER
from spiking import table

ROOT = FOLDER.resolve().parents[1]
TEXT = (
    "A spike is a change. What has not changed is not said again. A sentence is read once: every word is kept where "
    "it was heard, and the next word asks only for what it needs. "
)
WORDS = sorted(set(TEXT))
LENGTH, WIDTH, HEADS, PROMPT = 64, 32, 4, 14
ROUNDS, BATCH, RATE = 400, 32, 1e-2


class Block(nn.Module):
    """Causal attention and a GELU network, each behind a layer norm and added to the stream."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.wide, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        parts = self.wide(self.before(x)).split(WIDTH, -1)
        q, k, v = (y.unflatten(-1, (HEADS, -1)).transpose(1, 2) for y in parts)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))
        return x + self.mlp(self.between(x))


class Reader(nn.Module):
    """A decoder of two blocks.   Shapes   ids (B, L) -> logits (B, L, V)."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(len(WORDS), WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.blocks = nn.Sequential(Block(), Block())
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, len(WORDS))

    def forward(self, ids: Tensor) -> Tensor:
        x = self.words(ids) + self.places(torch.arange(ids.shape[1]))
        return self.head(self.norm(self.blocks(x)))


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # the layers are small
    ids = torch.tensor([WORDS.index(character) for character in TEXT])
    windows = ids.repeat(3).unfold(0, LENGTH + 1, 1)[: len(ids)]  # the text begins again where it ends
    model = taught(Reader(), windows)
    prompt, wanted = windows[0, :PROMPT], windows[0, PROMPT:LENGTH]
    print(f"prompt: {text(prompt)}\nsource: {same(recited(model, prompt), wanted)} characters right\n")

    network = convert(model, [windows[:2, :LENGTH], windows[::4, :LENGTH]], precision=1 / 32)
    rows = []
    for steps in (1, 2, 3, 4, 6):
        made = network.generate(prompt, steps=steps, max_new_tokens=len(wanted))
        found = torch.tensor(made.tokens[0, PROMPT:])
        sent = made.spikes / (network.neurons / LENGTH)
        early, late = sent[: LENGTH // 2].mean(), sent[LENGTH // 2 :].mean()
        rows.append([f"T={steps}", same(found, wanted), f"{sent.mean():.2f}", f"{text(found)[:40]}…"])
    print(table(["", "right", "spikes/neuron/character", "recited"], rows, left=4))
    print(f"\nattention sees more later on: {early:.2f} spikes/neuron in the first half, {late:.2f} in the second")
    if (ROOT.parent / "shared" / "data" / "weights" / "stories260k").exists():
        story()


def story(tokens: int = 60, steps: int = 7) -> None:
    """The same with a Llama of 260,000 parameters that others trained, where its weights lie beside the checkout."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.llama import BOS, Tokenizer, samples, stories

    model, tokenizer, length = stories(), Tokenizer(), 64
    known = samples(tokenizer, 16, length)
    wanted, _ = model.generate([BOS], tokens)
    network = convert(model, [known[:2], known[2:]], precision=1 / 1024)
    found = [int(k) for k in network.generate([BOS], steps=steps, max_new_tokens=tokens).tokens[0]]
    right = next((k for k, (a, b) in enumerate(zip(found[-tokens:], wanted[-tokens:], strict=True)) if a != b), tokens)
    print(f"\nstories260K at T={steps}: {right} of {tokens} tokens as the source\n{tokenizer.decode(found)}")


def taught(model: nn.Module, windows: Tensor) -> nn.Module:
    """Return the model after ROUNDS steps of Adam on windows (n, LENGTH + 1) of the text."""
    adam = torch.optim.Adam(model.parameters(), RATE)
    for k in range(ROUNDS):
        for group in adam.param_groups:
            group["lr"] = RATE * (1 - k / ROUNDS)
        batch = windows[torch.randint(len(windows), (BATCH,))]
        loss = F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
        adam.zero_grad()
        loss.backward()
        adam.step()
    return model.eval()


@torch.inference_mode()
def recited(model: nn.Module, prompt: Tensor) -> Tensor:
    """Return the greedy continuation by the source, which reads everything again for every character."""
    ids = prompt
    while len(ids) < LENGTH:
        ids = torch.cat([ids, model(ids[None])[0, -1:].argmax(-1)])
    return ids[len(prompt) :]


def same(found: Tensor, wanted: Tensor) -> str:
    return f"{int((found == wanted).sum())} of {len(wanted)}"


def text(ids: Tensor) -> str:
    return "".join(WORDS[k] for k in ids)


if __name__ == "__main__":
    main()
