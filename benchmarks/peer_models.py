"""Models that all libraries of peers.py open: random weights in Flan-T5's geometry."""

import json
import pathlib
import sys

SIZES = {
    "nano": dict(d_model=64, d_kv=16, num_heads=4, d_ff=128, num_layers=2, num_decoder_layers=2),
    "small": dict(d_model=512, d_kv=64, num_heads=6, d_ff=1024, num_layers=8, num_decoder_layers=8),
    "base": dict(d_model=768, d_kv=64, num_heads=12, d_ff=2048, num_layers=12, num_decoder_layers=12),
}


def ids(count, row):
    """As benchmarks/model_works.hpp makes them; the last one is the end token."""
    return [5 + (7919 * i + 104729 * row) % 300 for i in range(count - 1)] + [1]


def rows_of_ids(rows, count, first=0):
    return [ids(count, first + r) for r in range(rows)]


def make(size, folder: pathlib.Path):
    """Writes a Hugging Face folder."""
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    config = T5Config(vocab_size=32128, feed_forward_proj="gated-gelu", tie_word_embeddings=False,
                      decoder_start_token_id=0, pad_token_id=0, eos_token_id=1, **SIZES[size])
    model = T5ForConditionalGeneration(config)
    model.save_pretrained(folder)
    # What version 5 writes is made to say what the model is: a head of its own, nothing scaled.
    tensors = load_file(folder / "model.safetensors")
    tensors["lm_head.weight"] = torch.randn(config.vocab_size, config.d_model) * config.d_model**-0.5
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    path = folder / "config.json"
    text = json.loads(path.read_text()) | {"tie_word_embeddings": False, "scale_decoder_outputs": False}
    path.write_text(json.dumps(text, indent=2))


def opened(folder: pathlib.Path):
    """The folder's model in transformers. Version 5 would tie the head whatever the configuration says."""
    import torch
    from safetensors import safe_open
    from transformers import T5ForConditionalGeneration

    model = T5ForConditionalGeneration.from_pretrained(folder)
    with safe_open(folder / "model.safetensors", "pt") as file:
        if "lm_head.weight" not in file.keys():  # tied
            return model
        head = file.get_tensor("lm_head.weight")
    if not torch.equal(model.lm_head.weight, head):
        model.lm_head.weight = torch.nn.Parameter(head)
    return model


def convert(folder: pathlib.Path, to: pathlib.Path, tied=False):
    """The folder in CTranslate2's form with made-up tokens, and its encoder alone below `to`/encoder. Returns whether
    that library is there and knows the model."""
    try:
        import ctranslate2
        from ctranslate2.specs import transformer_spec
    except ImportError:
        return False
    loader_class = getattr(ctranslate2.converters.transformers, "_MODEL_LOADERS", {}).get("T5Config")
    if loader_class is None:
        return False
    model = opened(folder)
    model.config.tie_word_embeddings = tied  # where it says so, the loader scales the head's input
    tokens = [f"<{i}>" for i in range(model.config.vocab_size)]
    tokens[0], tokens[1], tokens[2] = "<pad>", "</s>", "<unk>"
    try:
        spec = loader_class.get_model_spec(model)
        spec.register_source_vocabulary(tokens)
        spec.register_target_vocabulary(tokens)
        spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = "<pad>", "</s>", "<unk>"
        spec.config.decoder_start_token, spec.config.add_source_eos = "<pad>", False
        save(spec, to)
        alone = transformer_spec.TransformerEncoderModelSpec(loader_class.get_model_spec(model).encoder)
        alone.register_vocabulary(tokens)
        alone.config.bos_token, alone.config.eos_token, alone.config.unk_token = "<pad>", "</s>", "<unk>"
        save(alone, to / "encoder")
    except Exception as error:  # a library of another version: the comparison goes on without it
        print(f"CTranslate2 is left out: {error}", file=sys.stderr)
        return False
    return True


def save(spec, folder: pathlib.Path):
    spec.validate()
    spec.optimize(quantization=None)
    folder.mkdir()
    spec.save(str(folder))
