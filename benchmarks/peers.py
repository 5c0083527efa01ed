#!/usr/bin/env python3
"""Times this library beside transformers (and CTranslate2 where it can be imported), in one run.

    peers.py [--program build/release/benchmarks/benchmark_model] [--sizes small,base] [--works encode,greedy,…]

Models have Flan-T5's geometry and random weights, written as Hugging Face folders into a temporary folder. Every library
gets the same weights, token ids, lengths (answers are forced to N new tokens) and threads, and a process of its own for
each work and precision. Runs are interleaved, so that what else the machine does falls on all alike; medians are
compared. A precision that a library refuses is left out, aloud. The machine is to be quiet; only ratios within one run
count.

Columns: the median; how often our median goes into it, at the same precision (int8 is our q8) and at f32; the most
memory of the process; the error. Above 1, this library is faster. The error of a library at a precision is the root mean
square (and the largest) difference of its log-probabilities of 512 target tokens (8 inputs, 4 targets each) from
transformers' in float64: log-probabilities, since CTranslate2 gives out no logits.

  encode, encode8   the encoder on 1 and 8 inputs of 512 tokens
  greedy, greedy8   64 tokens after inputs of 64, batches of 1 and 8
  beam4             the same, four beams
  score             4 targets of 16 tokens each of 8 inputs of 512 (transformers encodes each input once, CTranslate2's
                    score_batch each pair)
  train             a step on 4 x (512 + 128), Adafactor included; bf16 is torch's autocast
  adafactor         the optimizer of such a step alone
  cold              from the start of a process to the first token, input of 64; Python's imports included

Needs torch and transformers in the Python that runs it.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import peer_models

HERE = pathlib.Path(__file__).resolve().parent
# name: work of both programs, and its shape
WORKS = {
    "encode": ("encode", dict(rows=1, input=512)),
    "encode8": ("encode", dict(rows=8, input=512)),
    "greedy": ("generate", dict(rows=1, input=64, output=64)),
    "greedy8": ("generate", dict(rows=8, input=64, output=64)),
    "beam4": ("generate", dict(rows=1, input=64, output=64, beams=4)),
    "score": ("score", dict(rows=8, input=512, output=16, targets=4)),
    "train": ("train", dict(rows=4, input=512, output=128)),
    "adafactor": ("update", dict(rows=4, input=512, output=128)),
    "cold": ("generate", dict(rows=1, input=64, output=1)),
}
# Ours first: what the others are compared with. int8 stands for our q8.
LIBRARIES = {"flan": ["f32", "bf16", "int8"], "transformers": ["f32", "bf16"], "ctranslate2": ["f32", "bf16", "int8"]}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default="build/release/benchmarks/benchmark_model",
                        help="our side (default: %(default)s)")
    parser.add_argument("--sizes", default="small,base",
                        help=f"of {', '.join(peer_models.SIZES)} (default: %(default)s)")
    parser.add_argument("--works", default=",".join(WORKS), help="(default: %(default)s)")
    parser.add_argument("--precisions", default="f32,bf16,int8", help="(default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="timed runs of each (default: %(default)s)")
    for name in ("rows", "input", "output"):
        parser.add_argument(f"--{name}", type=int, metavar="N", help="instead of the works' own")
    parser.add_argument("--no-errors", action="store_true", help="leave the error's column empty")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write all that was measured there")
    a = parser.parse_args()
    for given, known in ((a.sizes, peer_models.SIZES), (a.works, WORKS), (a.precisions, LIBRARIES["flan"])):
        if unknown := set(given.split(",")) - set(known):
            parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return a


class Refused(Exception):
    pass


class Side:
    """A process that does one work: for each line that it reads it runs it and says how long that took."""

    def __init__(self, a, library, precision, folders, work, shape):
        self.library, self.precision = library, precision
        self.log = tempfile.TemporaryFile("w+")
        if library == "flan":
            command = [str(a.program), "--precision", "q8" if precision == "int8" else precision]
        else:
            command = [sys.executable, str(HERE / "peer_side.py"), "--library", library, "--precision", precision]
        command += ["--model", str(folders["ctranslate2" if library == "ctranslate2" else "flan"]), "--work", work,
                    "--threads", str(a.threads)]
        command += [word for name, value in shape.items() for word in (f"--{name}", str(value))]
        if library == "flan":
            command += ["--on-demand"]
        start = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        text=True, env=os.environ | {"OMP_NUM_THREADS": str(a.threads)})
        ready = self.process.stdout.readline().strip() == "ready"
        self.until_ready = time.perf_counter() - start
        if not ready:
            self.process.wait()
            self.log.seek(0)
            said = [line.strip() for line in self.log if line.strip()]
            reason = (said[0] if library == "flan" else said[-1]) if said else "it said nothing"
            raise Refused(f"{library} {precision} is left out of {work}: {reason}")

    def ask(self, line=""):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            self.log.seek(0)
            raise SystemExit(f"{self.library} {self.precision} ended early:\n{self.log.read()}")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.log.close()


def libraries_of(a, folders):
    """(library, precision) of all sides that can be asked for."""
    wanted = a.precisions.split(",")
    return [(library, p) for library, precisions in LIBRARIES.items() for p in precisions
            if p in wanted and (library != "ctranslate2" or "ctranslate2" in folders)]


def opened(a, folders, pairs, work, shape, refusals):
    sides = []
    for library, precision in pairs:
        try:
            sides.append(Side(a, library, precision, folders, work, shape))
        except Refused as error:
            if str(error) not in refusals:
                refusals.append(str(error))
                print(error, file=sys.stderr)
    return sides


def errors_of(a, folders, shape, refusals):
    """(library, precision): root mean square and largest difference from transformers' float64, and one after the other:
    several models in float64 would be too much memory."""
    found, exact = {}, None
    for pair in [("transformers", "f64")] + libraries_of(a, folders):
        for side in opened(a, folders, [pair], "score", shape, refusals):
            scores = side.ask("scores")
            side.close()
            exact = exact or scores
            if len(scores) != len(exact):
                raise SystemExit(f"{pair} scored {len(scores)} tokens instead of {len(exact)}")
            d = [x - y for x, y in zip(scores, exact)]
            found[pair] = dict(rms=math.sqrt(sum(x * x for x in d) / len(d)), largest=max(map(abs, d)))
    return found


def measured(a, folders, pairs, name, shape, refusals):
    """(library, precision): seconds of each run, and the most memory."""
    work = WORKS[name][0]
    if name == "cold":  # a process a run; the first reads the files into the page cache
        seconds = {pair: [] for pair in pairs}
        memory = {}
        for turn in range(a.repeat + 1):
            for pair in pairs:
                for side in opened(a, folders, [pair], work, shape, refusals):
                    if turn:
                        seconds[pair].append(side.until_ready)
                    memory[pair] = side.ask("memory")
                    side.close()
        return {pair: dict(seconds=times, memory=memory[pair]) for pair, times in seconds.items() if times}
    sides = opened(a, folders, pairs, work, shape, refusals)
    seconds = {(side.library, side.precision): [] for side in sides}
    for _ in range(a.repeat):
        for side in sides:
            time.sleep(0.3)  # another library's threads spin for a while after their work
            seconds[side.library, side.precision].append(side.ask())
    result = {}
    for side in sides:
        pair = side.library, side.precision
        result[pair] = dict(seconds=seconds[pair], memory=side.ask("memory"))
        side.close()
    return result


def groups_of(name, pairs):
    """What is in memory at the same time: everything; in training, a precision beside ours in f32."""
    if name not in ("train", "adafactor"):
        return [pairs]
    pairs = [pair for pair in pairs if pair[0] != "ctranslate2" and pair[1] != "int8"]
    others = sorted({precision for _, precision in pairs} - {"f32"})
    groups = [[pair for pair in pairs if pair[1] == "f32"]]
    groups += [[pair for pair in pairs if pair[1] == other or pair == ("flan", "f32")] for other in others]
    return [group for group in groups if group]


def print_rows(size, name, found, errors):
    ours = {precision: statistics.median(v["seconds"]) for (library, precision), v in found.items() if library == "flan"}
    rows = []
    for (library, precision), v in found.items():
        median = statistics.median(v["seconds"])
        ratio = {"same": None if library == "flan" else precision, "f32": "f32"}
        ratio = {key: median / ours[p] if p in ours else None for key, p in ratio.items()}
        error = errors.get((library, precision))
        shown = [f"{r:6.2f}" if r else "      " for r in ratio.values()]
        print(f"{size:<6} {name:<9} {library:<13} {precision:<5} {median * 1e3:>9.1f} ms  {shown[0]}  {shown[1]}  "
              f"{v['memory'] / 2**20:>6.0f} MiB  " + (f"{error['rms']:.1e} ({error['largest']:.1e})" if error else ""),
              flush=True)
        rows.append(dict(model=size, work=name, library=library, precision=precision, median=median, **v,
                         over_ours=ratio["same"], over_our_f32=ratio["f32"], error=error))
    return rows


def main():
    a = arguments()
    if not pathlib.Path(a.program).exists():
        print(f"{a.program} is not there: build the benchmarks, or say where with --program", file=sys.stderr)
        return 2
    if os.getloadavg()[0] > 0.5:
        print(f"the machine is busy (load {os.getloadavg()[0]:.1f}): threads that spin at barriers, as torch's do, will "
              "look slower than they are", file=sys.stderr)
    results, refusals = [], []
    print(f"{'model':<6} {'work':<9} {'library':<13} {'':<5} {'median':>12}  {'/ ours':>6}  {'/ f32':>6}  {'memory':>10}  "
          "error")
    with tempfile.TemporaryDirectory() as scratch:
        for size in a.sizes.split(","):
            folders = {"flan": pathlib.Path(scratch) / size}
            peer_models.make(size, folders["flan"])
            if peer_models.convert(folders["flan"], pathlib.Path(scratch) / f"{size}-ctranslate2"):
                folders["ctranslate2"] = pathlib.Path(scratch) / f"{size}-ctranslate2"
            changed = {name: value for name in ("rows", "input", "output") if (value := getattr(a, name))}
            errors = {} if a.no_errors else errors_of(a, folders, WORKS["score"][1] | changed, refusals)
            for name in a.works.split(","):
                shape = WORKS[name][1] | {key: value for key, value in changed.items()
                                          if key in WORKS[name][1] and not (name == "cold" and key == "output")}
                for pairs in groups_of(name, libraries_of(a, folders)):
                    rows = print_rows(size, name, measured(a, folders, pairs, name, shape, refusals), errors)
                    results += [row | dict(shape=shape, threads=a.threads) for row in rows]
    if a.json:
        a.json.write_text(json.dumps(dict(results=results, left_out=refusals), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
