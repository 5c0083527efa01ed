#!/usr/bin/env bash
# Saves folders with our programs, opens them with transformers and compares ids, logits, scores and losses.
# usage: transformers.sh PROGRAMS MAKE_FOLDER [PYTHON]
# Exit status 77, "skipped", where no Python was named (here or in FLAN_PYTHON) and python3 lacks torch or transformers.
set -u
programs=$(cd "$1" && pwd) || exit 1
make_folder=$(realpath "$2") || exit 1
named=${3:-${FLAN_PYTHON:-}}
python=${named:-python3}
compare=$(cd "$(dirname "$0")/.." && pwd)/compare_with_transformers.py

if ! "$python" -c "import torch, transformers, safetensors" 2>/dev/null; then
  echo "skipped: $python cannot import torch, transformers and safetensors; FLAN_PYTHON may name one that can"
  [ -z "$named" ] && exit 77
  exit 1 # who names one wants the test
fi
export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

try() { # NAME COMMAND…
  local name=$1
  shift
  echo "--- $name"
  "$@" >out 2>&1 && return
  echo "FAILED: $*"
  tail -40 out
  failures=$((failures + 1))
  return 1
}
compare() { # FOLDER OPTIONS…
  local folder=$1
  shift
  try "$folder in transformers" "$python" "$compare" "$folder" --build "$programs" --max-tokens 12 "$@" && cat out
}

# Bytes, gated, a head of its own, a decoder deeper than the encoder.
try "a model that has learnt nothing" "$make_folder" bytes
compare bytes
# The same after training in bf16: weights that went through gradients, masters and save.
for i in 1 2 3 4 5; do printf '{"text": "record %d", "label": "l%d"}\n' $i $i; done >train.jsonl
try "finetuning" "$programs/finetune" --model bytes --data train.jsonl --input "{text}" --target "{label}" \
  --batch-tokens 128 --max-input 32 --max-target 16 --steps 20 --rate 0.01 --precision bf16 --output finetuned
compare finetuned
# A sentencepiece vocabulary, whose files transformers must read as we do.
try "the quickstart" "$programs/quickstart" --steps 30 --output pieces
compare pieces

[ "$failures" -eq 0 ] || { echo "$failures steps failed"; exit 1; }
echo "transformers agrees on all of them"
