#!/usr/bin/env python3
"""Compares this library with transformers on any folder of the T5 family.

    compare_with_transformers.py FOLDER [--build build/release/examples] [--prompts FILE | --ids]

Runs our `generate` and `score` on a few prompts, does the same with transformers in float32, and prints a table:
  greedy     the ids, exactly
  beams      the ids of the best sequences, exactly, and their scores
  logits     the first step's log-probabilities over the vocabulary (of a large one, every n-th token)
  targets    the log-probability of each token that transformers answered, and their mean: the loss
  sums       what `score` adds up
  tokens     the prompts' ids, where they are text and transformers has a tokenizer for the folder
Where ids differ, transformers' own margin at the first difference is shown: below some 1e-4 it is a tie that rounding
decides. Exit status: 0 all agree, 1 something differs, 2 it could not run. Needs torch, transformers.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

PROMPTS = [
    "Answer yes or no: is the sky blue?",
    "translate English to German: The house is wonderful.",
    "Q: A train leaves at 3 and arrives at 7. How long is the ride? Let's think step by step.",
]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="a T5-family folder: config.json, model.safetensors")
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release/examples"),
                        help="where our programs `generate` and `score` are (default: %(default)s)")
    parser.add_argument("--prompts", type=pathlib.Path, help="a prompt a line")
    parser.add_argument("--ids", action="store_true", help="prompts are token ids (a line of numbers each, or random)")
    parser.add_argument("--max-tokens", type=int, default=24, metavar="N")
    parser.add_argument("--beams", type=int, default=4, metavar="K")
    parser.add_argument("--tolerance", type=float, default=1e-3, metavar="X",
                        help="of a token's log-probability (default: %(default)s)")
    parser.add_argument("--score-tolerance", type=float, default=1e-4, metavar="X",
                        help="of a beam's score (default: %(default)s)")
    parser.add_argument("--untied", choices=["auto", "yes", "no"], default="auto",
                        help="whether the head is a matrix of its own; auto: the file has one that differs")
    return parser.parse_args()


def give_up(message):
    print(message, file=sys.stderr)
    sys.exit(2)


def load(folder, untied):
    """transformers' model. Its configuration may claim that the head is tied where the file has an untied one: the
    tensors decide, as they do in this library, and so does model_type for the scaling of T5 1.0."""
    import torch
    from safetensors import safe_open
    from transformers import AutoConfig, AutoModelForSeq2SeqLM

    stored = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, "pt") as tensors:
            for name in ("shared.weight", "encoder.embed_tokens.weight", "lm_head.weight"):
                if name in tensors.keys():
                    stored[name] = tensors.get_tensor(name).float()
    if not stored:
        give_up(f"{folder} has no safetensors file with an embedding")
    head = stored.get("lm_head.weight")
    embedding = stored.get("shared.weight", stored.get("encoder.embed_tokens.weight"))
    own_head = head is not None and not torch.equal(head, embedding) if untied == "auto" else untied == "yes"
    raw = json.loads((folder / "config.json").read_text())
    config = AutoConfig.from_pretrained(folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, config=config, dtype=torch.float32).eval()
    if own_head:
        model.lm_head.weight = torch.nn.Parameter(head)
    if raw.get("model_type", "t5") == "t5" and hasattr(model.config, "scale_decoder_outputs"):
        model.config.scale_decoder_outputs = raw.get("scale_decoder_outputs", raw.get("tie_word_embeddings", True))
    if config.num_decoder_layers > config.num_layers:
        model.generation_config.use_cache = False  # transformers 5 indexes past its cache there
    return model


def open_tokenizer(folder):
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder)
    except Exception as error:  # of many kinds; the model can be compared without it
        print(f"tokens are not compared, transformers cannot open the vocabulary: {error}", file=sys.stderr)
        return None


class Ours:
    def __init__(self, build, folder, ids):
        self.build, self.folder, self.ids = build, folder, ids

    def run(self, program, *options, lines=()):
        command = [str(self.build / program), "--model", str(self.folder), *options, *(["--ids"] if self.ids else [])]
        text = "".join(line + "\n" for line in lines)
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        if done.returncode != 0:
            give_up(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def generate(self, prompts, *options):
        return self.run("generate", "--json", "--prompts", "-", *options, lines=prompts)

    def score(self, requests):
        """requests: [(input ids, [target ids, ...]), ...]; always as ids, so that only the model is compared"""
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            for source, targets in requests:
                file.write(json.dumps({"input": source, "targets": targets}) + "\n")
            file.flush()
            options = [] if self.ids else ["--ids"]
            return self.run("score", "--input", file.name, *options)


class Table:
    def __init__(self):
        self.wrong = 0
        print(f"{'what':<10}{'prompt':>7}  {'result':<8}detail")

    def row(self, what, prompt, good, detail):
        self.wrong += not good
        print(f"{what:<10}{prompt:>7}  {'ok' if good else 'DIFFERS':<8}{detail}", flush=True)


def cut(sequence, end_ids):
    """transformers' row without the start token and the padding behind the end"""
    row = sequence[1:].tolist()
    for i, token in enumerate(row):
        if token in end_ids:
            return row[: i + 1]
    return row


def margin_at(model, source, answer, position):
    """transformers' own gap between its best two next tokens after answer[:position]"""
    import torch

    start = model.config.decoder_start_token_id
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([source]),
                       decoder_input_ids=torch.tensor([[start] + answer[:position]])).logits[0, -1]
    best = logits.topk(2).values
    return float(best[0] - best[1])


def first_difference(a, b):
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def compare(a, model, ours, prompts):
    import torch

    table = Table()
    end = model.generation_config.eos_token_id
    end_ids = set(end if isinstance(end, list) else [] if end is None else [end])
    limit = ["--max-tokens", str(a.max_tokens)]
    greedy = ours.generate(prompts, *limit, "--beams", "1")
    beams = ours.generate(prompts, *limit, "--beams", str(a.beams), "--return", str(a.beams))
    sources, answers = [o["input_ids"] for o in greedy], []
    common = dict(max_new_tokens=a.max_tokens, do_sample=False, return_dict_in_generate=True, output_scores=True)
    tokenizer = None if a.ids else open_tokenizer(a.folder)
    for i, source in enumerate(sources):
        if tokenizer:
            theirs = tokenizer(prompts[i]).input_ids
            at = first_difference(source, theirs)
            table.row("tokens", i, source == theirs, f"{len(theirs)} ids" if source == theirs else f"from id {at} on")
        x = torch.tensor([source])
        with torch.inference_mode():
            theirs = cut(model.generate(input_ids=x, num_beams=1, **common).sequences[0], end_ids)
            searched = model.generate(input_ids=x, num_beams=a.beams, num_return_sequences=a.beams, **common)
        answers.append([theirs] + [cut(s, end_ids) for s in searched.sequences])
        found = greedy[i]["outputs"][0]["ids"]
        detail = f"{len(theirs)} tokens"
        if found != theirs:
            at = first_difference(found, theirs)
            detail = f"from token {at} on; transformers' margin there: {margin_at(model, source, theirs, at):.2g}"
        table.row("greedy", i, found == theirs, detail)

        outputs = beams[i]["outputs"]
        same = [o["ids"] for o in outputs] == answers[-1][1:]
        scores = searched.sequences_scores.tolist() if a.beams > 1 else [o["score"] for o in outputs]
        off = max(abs(o["score"] - s) for o, s in zip(outputs, scores))
        gap = min((abs(p - q) for p, q in zip(scores, scores[1:])), default=float("inf"))
        detail = f"scores off by {off:.2g}" + ("" if same else f"; transformers' scores lie {gap:.2g} apart at least")
        table.row("beams", i, same and off <= a.score_tolerance, detail)

    size = model.config.vocab_size
    first = list(range(size)) if size <= 512 else list(range(0, size, size // 256))
    spread = ours.score([(source, [[token] for token in first]) for source in sources])
    for i, source in enumerate(sources):
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([source]),
                           decoder_input_ids=torch.tensor([[model.config.decoder_start_token_id]])).logits[0, 0]
        expected = logits.double().log_softmax(-1)[first].tolist()
        worst = max(abs(p - q) for p, q in zip(spread[i]["logprobs"], expected))
        table.row("logits", i, worst <= a.tolerance, f"{len(first)} tokens' log-probabilities off by {worst:.2g}")

    scored = ours.score(list(zip(sources, answers)))
    for i, (source, targets) in enumerate(zip(sources, answers)):
        worst = worst_sum = ours_sum = theirs_sum = 0.0
        tokens = 0
        for target, logprobs, total in zip(targets, scored[i]["token_logprobs"], scored[i]["logprobs"]):
            labels = torch.tensor([target])
            start = torch.tensor([[model.config.decoder_start_token_id]])
            with torch.inference_mode():
                logits = model(input_ids=torch.tensor([source]),
                               decoder_input_ids=torch.cat([start, labels[:, :-1]], 1)).logits
            expected = logits.double().log_softmax(-1).gather(-1, labels[..., None])[0, :, 0].tolist()
            worst = max(worst, max(abs(p - q) for p, q in zip(logprobs, expected)))
            worst_sum = max(worst_sum, abs(total - sum(logprobs)))
            ours_sum, theirs_sum, tokens = ours_sum - total, theirs_sum - sum(expected), tokens + len(target)
        table.row("targets", i, worst <= a.tolerance,
                  f"log-probabilities off by {worst:.2g}; loss {ours_sum / tokens:.6f}, "
                  f"transformers {theirs_sum / tokens:.6f}")
        table.row("sums", i, worst_sum <= 1e-4, f"off by {worst_sum:.2g}")
    print("all agree" if table.wrong == 0 else f"{table.wrong} differ")
    return 0 if table.wrong == 0 else 1


def main():
    a = arguments()
    for program in ("generate", "score"):
        if not (a.build / program).exists():
            give_up(f"{a.build / program} is not there: build the examples, or say where with --build")
    try:
        model = load(a.folder, a.untied)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        give_up(f"cannot open {a.folder} with transformers: {error}")
    if a.prompts:
        prompts = [line for line in a.prompts.read_text().splitlines() if line]
    elif a.ids:
        draw = random.Random(1)
        top = min(model.config.vocab_size, 32000)
        prompts = [" ".join(str(draw.randrange(3, top)) for _ in range(n)) + " 1" for n in (4, 12, 30)]
    else:
        prompts = PROMPTS
    return compare(a, model, Ours(a.build, a.folder, a.ids), prompts)


if __name__ == "__main__":
    sys.exit(main())
