#!/usr/bin/env python3
"""Writes names/*.txt: every parameter of the published models, as transformers names and shapes it.

    make_names.py [FOLDER]        (default: names/ beside this file; needs torch and transformers)

The configurations are those of the checkpoints on huggingface.co, written out here once more on purpose: the lists must
not be derived from what they check. Models are built on torch's meta device, so that no weight takes memory.

A line is `name extent...`. Parameters that differ in their block's number alone share a line: `block.[0-7].` stands for
eight parameters.
"""

import argparse
import pathlib
import re

import torch
from transformers import (
    MT5Config,
    MT5ForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
    UMT5Config,
    UMT5ForConditionalGeneration,
)

V1_0 = dict(vocab_size=32128, feed_forward_proj="relu")
V1_1 = dict(vocab_size=32128, feed_forward_proj="gated-gelu")
SMALL = dict(d_model=512, d_kv=64, num_heads=6, d_ff=1024, num_layers=8, num_decoder_layers=8)


def sizes(layers, d_model, heads, d_kv, d_ff):
    return dict(num_layers=layers, num_decoder_layers=layers, d_model=d_model, num_heads=heads, d_kv=d_kv, d_ff=d_ff)


# name: (configuration, model, the head is the embedding, settings)
MODELS = {
    "t5_small": (T5Config, T5ForConditionalGeneration, True, V1_0 | sizes(6, 512, 8, 64, 2048)),
    "t5_base": (T5Config, T5ForConditionalGeneration, True, V1_0 | sizes(12, 768, 12, 64, 3072)),
    "t5_large": (T5Config, T5ForConditionalGeneration, True, V1_0 | sizes(24, 1024, 16, 64, 4096)),
    "t5_3b": (T5Config, T5ForConditionalGeneration, True, V1_0 | sizes(24, 1024, 32, 128, 16384)),
    "t5_11b": (T5Config, T5ForConditionalGeneration, True, V1_0 | sizes(24, 1024, 128, 128, 65536)),
    "flan_t5_small": (T5Config, T5ForConditionalGeneration, False, V1_1 | SMALL),
    "flan_t5_base": (T5Config, T5ForConditionalGeneration, False, V1_1 | sizes(12, 768, 12, 64, 2048)),
    "flan_t5_large": (T5Config, T5ForConditionalGeneration, False, V1_1 | sizes(24, 1024, 16, 64, 2816)),
    "flan_t5_xl": (T5Config, T5ForConditionalGeneration, False, V1_1 | sizes(24, 2048, 32, 64, 5120)),
    "flan_t5_xxl": (T5Config, T5ForConditionalGeneration, False, V1_1 | sizes(24, 4096, 64, 64, 10240)),
    "byt5_small": (
        T5Config,
        T5ForConditionalGeneration,
        False,
        V1_1 | sizes(12, 1472, 6, 64, 3584) | dict(num_decoder_layers=4, vocab_size=384),
    ),
    "mt5_small": (MT5Config, MT5ForConditionalGeneration, False, V1_1 | SMALL | dict(vocab_size=250112)),
    "umt5_small": (UMT5Config, UMT5ForConditionalGeneration, False, V1_1 | SMALL | dict(vocab_size=256384)),
}


def parameters(config, model, tied, settings):
    """{name: shape} of what a checkpoint stores: the embedding once, the head where it is a matrix of its own."""
    with torch.device("meta"):
        state = model(config(**settings)).state_dict()
    aliases = {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight"} | ({"lm_head.weight"} if tied else set())
    return {name: tuple(tensor.shape) for name, tensor in state.items() if name not in aliases}


def lines(shapes):
    """Consecutive blocks joined where name and shape are otherwise alike."""
    numbers = {}  # (name with its block open, shape): block numbers, None where there is no block
    for name, shape in shapes.items():
        match = re.search(r"block\.(\d+)\.", name)
        key = re.sub(r"block\.\d+\.", "block.[].", name), shape
        numbers.setdefault(key, []).append(int(match[1]) if match else None)
    for (name, shape), blocks in sorted(numbers.items()):
        extents = " ".join(map(str, shape))
        if blocks == [None]:
            yield f"{name} {extents}"
            continue
        first, last = min(blocks), max(blocks)
        assert sorted(blocks) == list(range(first, last + 1)), (name, blocks)
        range_text = str(first) if first == last else f"[{first}-{last}]"
        yield f"{name.replace('[]', range_text)} {extents}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).parent / "names")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in MODELS.items():
        shapes = parameters(*model)
        text = "".join(line + "\n" for line in lines(shapes))
        (folder / f"{name}.txt").write_text(text)
        print(f"{name}: {len(shapes)} parameters, {sum(torch.Size(s).numel() for s in shapes.values())} numbers")


if __name__ == "__main__":
    main()
