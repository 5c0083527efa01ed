#!/usr/bin/env python3
"""How far CTranslate2's compute types take the logits from transformers' in float64, on the full-size golden cases: what
tests/golden/quantized.cpp measures of q8, in the same terms, on the same weights.

    peer_golden_errors.py GOLDEN [CASE …]

GOLDEN is the folder of golden cases with its make.py, which makes the weights. The error is relative to the golden
logits' deviation from their mean, over the first two decoder steps of each row. Needs torch, transformers and
ctranslate2.
"""

import importlib.util
import json
import pathlib
import sys
import tempfile

import numpy
from safetensors.numpy import load_file

import peer_models

CASES = ["flan_t5_small", "flan_t5_base", "t5_small"]


def maker_of(golden: pathlib.Path):
    spec = importlib.util.spec_from_file_location("golden_make", golden / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def save(maker, case, folder: pathlib.Path):
    """The case's model as a Hugging Face folder; True where its head is tied."""
    model, weights = maker.build(case, maker.torch.float32)
    model.save_pretrained(folder)
    if not case["tied"]:
        tensors = load_file(folder / "model.safetensors")
        tensors["lm_head.weight"] = weights["lm_head.weight"].numpy()
        from safetensors.numpy import save_file

        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    path = folder / "config.json"
    text = json.loads(path.read_text()) | {"tie_word_embeddings": case["tied"], "scale_decoder_outputs": case["tied"]}
    path.write_text(json.dumps(text, indent=2))


def logits_of(translator, source, prefix):
    """Of the step behind the prefix, up to a number that is the same for all of them."""
    found = translator.translate_batch([source], target_prefix=[prefix] if prefix else None, beam_size=1,
                                       max_decoding_length=len(prefix) + 1, min_decoding_length=len(prefix) + 1,
                                       return_logits_vocab=True)
    return numpy.array(found[0].logits[0][-1], dtype=numpy.float64)


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if len(sys.argv) > 1 else 2
    import ctranslate2

    golden = pathlib.Path(sys.argv[1])
    maker = maker_of(golden)
    names = {0: "<pad>", 1: "</s>", 2: "<unk>"}
    tokens = lambda ids: [names.get(i, f"<{i}>") for i in ids]
    for name in sys.argv[2:] or CASES:
        numbers = json.loads((golden / name / "golden.json").read_text())
        exact = load_file(golden / name / "golden.safetensors")["logits_rows"].astype(numpy.float64)
        with tempfile.TemporaryDirectory() as scratch:
            folder, other = pathlib.Path(scratch) / "hf", pathlib.Path(scratch) / "ct2"
            save(maker, numbers["config"], folder)
            if not peer_models.convert(folder, other, tied=numbers["config"]["tied"]):
                raise SystemExit("CTranslate2 cannot open the case")
            for kind in ("float32", "int8"):
                translator = ctranslate2.Translator(str(other), device="cpu", compute_type=kind)
                squares = size = largest = 0.0
                steps = same = 0
                for row, (ids, mask, labels) in enumerate(zip(numbers["input_ids"], numbers["attention_mask"],
                                                              numbers["labels"])):
                    source = tokens(ids[:sum(mask)])
                    for step in range(2):
                        if labels[step] < 0:
                            continue
                        found = logits_of(translator, source, tokens(labels[:step]))
                        allowed = found > -1e30  # all but the end token, which a forced length rules out
                        found, right = found[allowed], exact[row, step][allowed]
                        off = (found - found.mean()) - (right - right.mean())
                        squares += (off ** 2).sum()
                        size += ((right - right.mean()) ** 2).sum()
                        largest = max(largest, abs(off).max())
                        steps += 1
                        same += found.argmax() == right.argmax()
                print(f"{name:<14} CTranslate2 {ctranslate2.__version__} {kind:<8} logits off by {(squares / size) ** 0.5:.4f} "
                      f"of their deviation, by {largest:.4f} at most; the same token is likeliest in {same} of {steps} steps")
    return 0


if __name__ == "__main__":
    sys.exit(main())
