#!/usr/bin/env python3
"""One work of another library, for peers.py: speaks as `benchmark_model --on-demand` does.

Runs the work once, says "ready", and then for each line of standard input runs it and answers with the seconds. The line
"memory" is answered by the most bytes that the process has held, "scores" by the log-probability of each target token.
"""

import argparse
import json
import pathlib
import sys
import time

from peer_models import opened, rows_of_ids


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", choices=["transformers", "ctranslate2"], required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True, help="folder in that library's form")
    parser.add_argument("--work", choices=["encode", "generate", "score", "train", "update"], required=True)
    parser.add_argument("--precision", choices=["f64", "f32", "bf16", "int8"], required=True)
    for name, default in dict(threads=2, rows=1, input=512, output=64, beams=1, targets=1).items():
        parser.add_argument(f"--{name}", type=int, default=default, metavar="N")
    return parser.parse_args()


class Transformers:
    """self.run() does the work; self.scores() is what the last scoring found."""

    def __init__(self, a):
        import torch

        torch.set_num_threads(a.threads)
        self.torch, self.a = torch, a
        self.x = torch.tensor(rows_of_ids(a.rows, a.input))
        self.model = opened(a.model)
        if a.work in ("train", "update"):  # bf16 as torch trains in it: autocast over float parameters
            from transformers.optimization import Adafactor

            self.model.float().train()
            self.y = torch.tensor(rows_of_ids(a.rows, a.output))
            self.optimizer = Adafactor(self.model.parameters(), lr=1e-3, scale_parameter=True, relative_step=False)
            self.run = self.train
            if a.work == "update":
                self.gradient()
                self.run = self.optimizer.step
        else:
            kinds = {"f64": torch.float64, "f32": torch.float32, "bf16": torch.bfloat16}
            self.model.to(kinds[a.precision]).eval()
            self.run = torch.inference_mode()({"encode": self.encode, "generate": self.generate,
                                               "score": self.score}[a.work])

    def encode(self):
        self.model.get_encoder()(input_ids=self.x)

    def generate(self):
        n = self.a.output
        result = self.model.generate(self.x, attention_mask=self.torch.ones_like(self.x), num_beams=self.a.beams,
                                     do_sample=False, max_new_tokens=n, min_new_tokens=n)
        if result.shape != (self.a.rows, 1 + n):
            raise SystemExit(f"transformers made {result.shape[1] - 1} tokens instead of {n}")

    def score(self):
        """The encoder once for each question, all targets in one batch: as a careful user would."""
        torch, a = self.torch, self.a
        states = self.model.get_encoder()(input_ids=self.x).last_hidden_state
        y = torch.tensor(rows_of_ids(a.targets, a.output, 1000)).repeat(a.rows, 1)
        from transformers.modeling_outputs import BaseModelOutput

        logits = self.model(encoder_outputs=BaseModelOutput(states.repeat_interleave(a.targets, 0)), labels=y).logits
        p = torch.log_softmax(logits.float() if a.precision != "f64" else logits, -1)
        self.found = p.gather(-1, y[..., None])[..., 0]

    def scores(self):
        return [p for row in self.found.tolist() for p in row]

    def gradient(self):
        torch = self.torch
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.a.precision == "bf16"):
            loss = self.model(input_ids=self.x, labels=self.y).loss
        loss.backward()

    def train(self):
        self.gradient()
        self.optimizer.step()
        self.optimizer.zero_grad()


class CTranslate2:
    def __init__(self, a):
        import ctranslate2

        kind = {"f32": "float32", "bf16": "bfloat16", "int8": "int8"}[a.precision]
        threads = dict(device="cpu", compute_type=kind, intra_threads=a.threads, inter_threads=1)
        self.a = a
        inputs = rows_of_ids(a.rows, a.input)
        if a.work == "encode":
            encoder = ctranslate2.Encoder(str(a.model / "encoder"), **threads)
            self.run = lambda: encoder.forward_batch(inputs)
            return
        self.translator = ctranslate2.Translator(str(a.model), **threads)
        names = {0: "<pad>", 1: "</s>", 2: "<unk>"}
        tokens = lambda rows: [[names.get(i, f"<{i}>") for i in row] for row in rows]
        if a.work == "score":  # the end token is added to targets; every pair is encoded anew
            x = [row for row in tokens(inputs) for _ in range(a.targets)]
            y = [row[:-1] for row in tokens(rows_of_ids(a.targets, a.output, 1000))] * a.rows
            self.run = lambda: self.score(x, y)
        else:
            self.x = tokens(inputs)
            self.run = self.generate

    def generate(self):
        n = self.a.output
        results = self.translator.translate_batch(self.x, beam_size=self.a.beams, min_decoding_length=n,
                                                  max_decoding_length=n)
        if len(results[0].hypotheses[0]) != n:
            raise SystemExit(f"CTranslate2 made {len(results[0].hypotheses[0])} tokens instead of {n}")

    def score(self, x, y):
        self.found = self.translator.score_batch(x, y)
        if len(self.found[0].log_probs) != self.a.output:
            raise SystemExit(f"CTranslate2 scored {len(self.found[0].log_probs)} tokens instead of {self.a.output}")

    def scores(self):
        return [p for result in self.found for p in result.log_probs]


def peak_memory():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def main():
    a = arguments()
    if a.library == "ctranslate2" and a.work in ("train", "update"):
        raise SystemExit("CTranslate2 does not train")
    try:
        side = (Transformers if a.library == "transformers" else CTranslate2)(a)
        side.run()
    except (KeyError, RuntimeError, ValueError) as error:  # a precision that it does not have here
        raise SystemExit(f"{a.library} refuses {a.precision}: {error}")
    print("ready", flush=True)
    for line in sys.stdin:
        if line == "memory\n":
            print(peak_memory(), flush=True)
        elif line == "scores\n":
            print(json.dumps(side.scores()), flush=True)
        else:
            start = time.perf_counter()
            side.run()
            print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
