#!/usr/bin/env python3
"""Times this library beside transformers (and CTranslate2 where it can be imported), in one run.

    peers.py [--program build/release/benchmarks/benchmark_model] [--sizes small,base] [--works encode,generate,train]

Models have Flan-T5's geometry and random weights, written as Hugging Face folders into a temporary folder. Every
library gets the same weights, token ids, lengths (answers are forced to N new tokens) and threads; runs are interleaved,
so that what else the machine does falls on all alike; medians are compared. Prints a table and one line of JSON. The
machine is to be quiet; only ratios within one run count. A ratio above 1 means that this library is faster.
Needs torch, transformers.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

SIZES = {
    "tiny": dict(d_model=64, d_kv=16, num_heads=4, d_ff=128, num_layers=2, num_decoder_layers=2),
    "small": dict(d_model=512, d_kv=64, num_heads=6, d_ff=1024, num_layers=8, num_decoder_layers=8),
    "base": dict(d_model=768, d_kv=64, num_heads=12, d_ff=2048, num_layers=12, num_decoder_layers=12),
}
# rows, tokens of the input, tokens of the answer or target
WORKS = {"encode": (1, 512, 1), "generate": (1, 64, 64), "train": (4, 512, 128)}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default="build/release/benchmarks/benchmark_model",
                        help="our side (default: %(default)s)")
    parser.add_argument("--sizes", default="small,base", help=f"of {', '.join(SIZES)} (default: %(default)s)")
    parser.add_argument("--works", default=",".join(WORKS), help="(default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="timed runs of each (default: %(default)s)")
    parser.add_argument("--rows", type=int, metavar="N", help="instead of the work's own batch")
    parser.add_argument("--input", type=int, metavar="N", help="instead of the work's own input length")
    parser.add_argument("--output", type=int, metavar="N", help="instead of the work's own answer length")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--output-json", type=pathlib.Path, metavar="FILE", help="write the JSON there as well")
    return parser.parse_args()


def ids(count, row):
    """As benchmarks/model.cpp makes them."""
    return [5 + (7919 * i + 104729 * row) % 300 for i in range(count - 1)] + [1]


def make_model(size, folder):
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    config = T5Config(vocab_size=32128, feed_forward_proj="gated-gelu", tie_word_embeddings=False,
                      decoder_start_token_id=0, pad_token_id=0, eos_token_id=1, **SIZES[size])
    model = T5ForConditionalGeneration(config)
    head = torch.randn(config.vocab_size, config.d_model) * config.d_model**-0.5
    model.lm_head.weight = torch.nn.Parameter(head)  # transformers 5 ties it whatever the configuration says
    model.save_pretrained(folder)
    # What version 5 wrote is made to say what the model is: a head of its own, nothing scaled.
    tensors = load_file(folder / "model.safetensors")
    if "lm_head.weight" not in tensors:
        save_file(tensors | {"lm_head.weight": head}, folder / "model.safetensors", metadata={"format": "pt"})
    path = folder / "config.json"
    text = json.loads(path.read_text()) | {"tie_word_embeddings": False, "scale_decoder_outputs": False}
    path.write_text(json.dumps(text, indent=2))
    return model


class Ours:
    """The program runs once for each line that it reads."""

    name = "flan"

    def __init__(self, a, folder, work, shape):
        rows, given, made = shape
        command = [str(a.program), "--model", str(folder), "--work", work, "--threads", str(a.threads), "--rows",
                   str(rows), "--input", str(given), "--output", str(made), "--precision", a.precision, "--on-demand"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise SystemExit(f"{' '.join(command)} failed")

    def run(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Torch:
    name = "transformers"

    def __init__(self, a, model, work, shape):
        import torch

        torch.set_num_threads(a.threads)
        rows, given, made = shape
        self.dtype = torch.bfloat16 if a.precision == "bf16" else torch.float32
        x = torch.tensor([ids(given, r) for r in range(rows)])
        if work == "train":
            from transformers.optimization import Adafactor

            model = model.float().train()
            y = torch.tensor([ids(made, r) for r in range(rows)])
            optimizer = Adafactor(model.parameters(), lr=1e-3, scale_parameter=True, relative_step=False)

            def step():
                with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.dtype == torch.bfloat16):
                    loss = model(input_ids=x, labels=y).loss
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()

            self.work = step
        else:
            model = model.to(self.dtype).eval()
            if work == "encode":
                encoder = model.get_encoder()
                self.work = torch.inference_mode()(lambda: encoder(input_ids=x))
            else:
                mask = torch.ones_like(x)
                self.work = torch.inference_mode()(
                    lambda: model.generate(x, attention_mask=mask, num_beams=1, do_sample=False, max_new_tokens=made,
                                           min_new_tokens=made))
        result = self.work()
        if work == "generate" and result.shape[1] != 1 + made:
            raise SystemExit(f"transformers made {result.shape[1] - 1} tokens instead of {made}")

    def run(self):
        start = time.perf_counter()
        self.work()
        return time.perf_counter() - start

    def close(self):
        pass


def converted(model, folder):
    """The folder of the model in CTranslate2's form, with made-up tokens; None where that library is not at hand."""
    try:
        import ctranslate2
    except ImportError:
        return None
    loader_class = getattr(ctranslate2.converters.transformers, "_MODEL_LOADERS", {}).get("T5Config")
    if loader_class is None:
        return None
    try:
        spec = loader_class.get_model_spec(model)
        tokens = [f"<{i}>" for i in range(model.config.vocab_size)]
        tokens[0], tokens[1], tokens[2] = "<pad>", "</s>", "<unk>"
        spec.register_source_vocabulary(tokens)
        spec.register_target_vocabulary(tokens)
        spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = "<pad>", "</s>", "<unk>"
        spec.config.decoder_start_token, spec.config.add_source_eos = "<pad>", False
        spec.validate()
        spec.optimize(quantization=None)
        folder.mkdir()
        spec.save(str(folder))
    except Exception as error:  # a library of another version: the comparison goes on without it
        print(f"CTranslate2 is left out: {error}", file=sys.stderr)
        return None
    return folder


class CTranslate2:
    name = "ctranslate2"

    def __init__(self, a, folder, work, shape):
        import ctranslate2

        rows, given, made = shape
        kind = "bfloat16" if a.precision == "bf16" else "float32"
        self.translator = ctranslate2.Translator(str(folder), device="cpu", compute_type=kind, intra_threads=a.threads,
                                                 inter_threads=1)
        names = {0: "<pad>", 1: "</s>", 2: "<unk>"}
        x = [[names.get(i, f"<{i}>") for i in ids(given, r)] for r in range(rows)]
        self.work = lambda: self.translator.translate_batch(x, beam_size=1, min_decoding_length=made,
                                                            max_decoding_length=made)
        self.work()

    run = Torch.run

    def close(self):
        del self.translator


def main():
    a = arguments()
    if not pathlib.Path(a.program).exists():
        print(f"{a.program} is not there: build the benchmarks, or say where with --program", file=sys.stderr)
        return 2
    if os.getloadavg()[0] > 0.5:
        print(f"the machine is busy (load {os.getloadavg()[0]:.1f}): threads that spin at barriers, as torch's do, will "
              "look slower than they are", file=sys.stderr)
    results = []
    print(f"{'model':<6} {'work':<26} {'library':<13} {'median':>10}  {'ratio':>6}")
    with tempfile.TemporaryDirectory() as scratch:
        for size in a.sizes.split(","):
            folder = pathlib.Path(scratch) / size
            model = make_model(size, folder)
            second = converted(model, pathlib.Path(scratch) / f"{size}-ct2")
            for work in a.works.split(","):
                shape = tuple(given or usual for given, usual in zip((a.rows, a.input, a.output), WORKS[work]))
                sides = [Ours(a, folder, work, shape), Torch(a, model, work, shape)]
                if second and work == "generate":
                    try:
                        sides.append(CTranslate2(a, second, work, shape))
                    except (RuntimeError, ValueError) as error:
                        print(f"CTranslate2 is left out: {error}", file=sys.stderr)
                seconds = {side.name: [] for side in sides}
                for _ in range(a.repeat):
                    for side in sides:
                        time.sleep(0.3)  # another library's threads spin for a while after their work
                        seconds[side.name].append(side.run())
                for side in sides:
                    side.close()
                medians = {name: statistics.median(times) for name, times in seconds.items()}
                rows, given, made = shape
                what = f"{work} {rows} x {given}" + (f" + {made}" if work != "encode" else "")
                for name, median in medians.items():
                    ratio = "" if name == Ours.name else f"{median / medians[Ours.name]:6.2f}"
                    print(f"{size:<6} {what:<26} {name:<13} {median * 1e3:>7.1f} ms  {ratio:>6}", flush=True)
                results.append(dict(model=size, work=work, rows=rows, input=given, output=made, threads=a.threads,
                                    precision=a.precision, seconds=seconds, medians=medians,
                                    ratios={n: m / medians[Ours.name] for n, m in medians.items() if n != Ours.name}))
            del model
    text = json.dumps(results)
    print(text)
    if a.output_json:
        a.output_json.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
