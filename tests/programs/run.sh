#!/usr/bin/env bash
# Runs the example programs as a person would, on a small folder, and checks what they print, save and return.
# usage: run.sh PROGRAMS MAKE_FOLDER
set -u
programs=$(cd "$1" && pwd) || exit 1
make_folder=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failures=0

wrong() {
  echo "FAILED: $*"
  sed 's/^/    out: /' out | head -5
  sed 's/^/    err: /' err | head -5
  failures=$((failures + 1))
}

# call STATUS PROGRAM ARGUMENTS…: runs it and checks its exit status; `out` and `err` keep what it wrote.
call() {
  local status=$1 program=$2 rc=0
  shift 2
  "$programs/$program" "$@" >out 2>err || rc=$?
  [ "$rc" -eq "$status" ] || wrong "$program $* returned $rc instead of $status"
  [ "$status" -eq 0 ] || [ -s err ] || wrong "$program $* failed without a word"
}
# has FILE TEXT; is FILE TEXT; same FILE FILE
has() { grep -qF -- "$2" "$1" || wrong "$1 lacks: $2"; }
is() { [ "$(cat "$1")" = "$2" ] || wrong "$1 should be: $2"; }
same() { cmp -s "$1" "$2" || wrong "$1 and $2 differ"; }
differ() { cmp -s "$1" "$2" && wrong "$1 and $2 are the same"; }

cd "$work" || exit 1
: >out >err
"$make_folder" model || { echo "FAILED: make_folder"; exit 1; }
generate=(generate --model model --max-tokens 6)

echo "generate: text, JSON, ids"
call 0 "${generate[@]}" hello
cp out text
call 0 "${generate[@]}" --stream hello
same out text
printf 'hello\r\nyou\n' >prompts
call 0 "${generate[@]}" --prompts prompts --json
[ "$(wc -l <out)" -eq 2 ] || wrong "two prompts should make two lines"
has out '{"prompt":"hello","input_ids":[107,104,111,111,114,1],"outputs":[{"text":"'
call 0 "${generate[@]}" hello --json
head -n 1 out >as_text
call 0 "${generate[@]}" --ids "107 104 111 111 114 1" --json
sed 's/"input_ids"/\n&/' as_text | tail -n 1 >a
sed 's/"input_ids"/\n&/' out | tail -n 1 >b
same a b
"$programs/generate" --model model --max-tokens 6 <prompts >out 2>err || wrong "the loop over standard input failed"
[ "$(wc -l <out)" -ge 2 ] || wrong "the loop should answer each line"
for dash in "" -; do
  # shellcheck disable=SC2086  # no argument, or one
  "$programs/generate" --model model $dash <. >out 2>err && wrong "generate should fail where its input cannot be read"
done

echo "generate: prompts stay whole"
call 0 "${generate[@]}" --json --stop NEVER "behind a stop" "and another"
has out '{"prompt":"behind a stop"'
has out '{"prompt":"and another"'
call 0 "${generate[@]}" --json --stop "[END]" --stop=X "[a, b]" "[c]"
has out '{"prompt":"[a, b]"'
has out '{"prompt":"[c]"'
all_but_a=$(seq 0 383 | grep -vx 100 | tr '\n' ',')
call 0 "${generate[@]}" --suppress "$all_but_a" --stop "[a]" --prefix "[p]" x
is out "[p]aaaaaa"
call 0 "${generate[@]}" --suppress "$all_but_a" --stop b --stop aa x
is out ""

echo "generate: beams and sampling"
call 0 "${generate[@]}" --beams 3 --return 2 --length-penalty 2 --early-stopping true --json x
[ "$(grep -o '"score"' out | wc -l)" -eq 2 ] || wrong "--return 2 should give two answers"
call 0 "${generate[@]}" --sample --seed 3 --json x
cp out first
call 0 "${generate[@]}" --sample --seed 3 --json x
same out first
call 0 "${generate[@]}" --sample --seed 4 --json x
differ out first
call 0 "${generate[@]}" x
cp out likeliest
call 0 "${generate[@]}" --sample --top-k 1 x
same out likeliest

echo "generate: the folder's own sampling"
cp -r model sampling
printf '{"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0, "do_sample": true, "top_k": 1}' \
  >sampling/generation_config.json
call 0 generate --model sampling --max-tokens 6 --seed 3 x
same out likeliest
call 0 generate --model sampling --max-tokens 6 --sample --seed 3 x
same out likeliest
call 0 generate --model sampling --max-tokens 6 --seed 3 --top-k 50 --json x
same out first

echo "generate: refusals"
call 2 "${generate[@]}" --seed 3 x
call 2 "${generate[@]}" --top-p 0.5 x
call 2 "${generate[@]}" --length-penalty 2 x
call 2 "${generate[@]}" --early-stopping true --beams 1 x
call 2 "${generate[@]}" --stream --json x
call 2 "${generate[@]}" --prompts prompts x
call 2 "${generate[@]}" --nonsense x
call 2 "${generate[@]}" --beams two x
call 2 generate x
call 1 generate --model nowhere x
has err nowhere
call 1 generate --model model --max-tokens 0 x
call 1 generate --model model --max-tokens -3 x
call 1 "${generate[@]}" --repetition-penalty nan x
call 1 "${generate[@]}" --sample --temperature nan x
call 1 "${generate[@]}" --return 2 x
call 1 "${generate[@]}" --ids "1 two" x
call 1 "${generate[@]}" --ids "1 99999"
call 1 "${generate[@]}" --suppress 99999 x
call 2 "${generate[@]}" --suppress "1 two" x
has err two
call 1 "${generate[@]}" --stop "" x
call 1 "${generate[@]}" --prompts nowhere
call 1 "${generate[@]}" --prompts .
call 0 generate --help
has out "Exit status"

echo "score"
printf '{"input": "a", "targets": ["b", "cd"], "more": 1}\n\n{"input": "b", "targets": []}\n' >lines
call 0 score --model model --input lines
[ "$(wc -l <out)" -eq 2 ] || wrong "two objects should make two lines"
has out '"more":1,"logprobs":[-'
cp out scores
printf '{"input": [100, 1], "targets": [[101, 1], [102, 103, 1]], "more": 1}\n' >id_lines
call 0 score --model model --input id_lines --ids
head -n 1 scores | sed 's/.*"logprobs"//' >a
sed 's/.*"logprobs"//' out >b
same a b
{ head -n 1 lines; printf '[%.0s' $(seq 20000); echo; } >deep
call 1 score --model model --input deep
has err "deep:2: the JSON is nested deeper"
printf '{"input": [%s], "targets": []}\n' "$(printf '[%.0s' $(seq 20000))" >deep
call 1 score --model model --input deep --ids
has err "deep:1: the JSON is nested deeper"
for line in '{' '[]' '{"input": "a"}' '{"input": 1, "targets": []}' '{"input": "a", "targets": "b"}'; do
  echo "$line" >bad
  call 1 score --model model --input bad
  has err "bad:1: "
done
call 2 score --model model

echo "tokenize"
tokenize() { # STATUS INPUT ARGUMENTS…
  local status=$1 input=$2 rc=0
  shift 2
  printf "$input" | "$programs/tokenize" "$@" >out 2>err || rc=$?
  [ "$rc" -eq "$status" ] || wrong "tokenize $* returned $rc instead of $status"
}
tokenize 0 'ab\n\n' --vocab model
is out "100 101"
[ "$(wc -l <out)" -eq 2 ] || wrong "an empty line should stay a line"
tokenize 0 '100 101\n' --vocab model --decode
is out "ab"
tokenize 0 'ab\n' --vocab model --json
is out '{"text":"ab","ids":[100,101]}'
tokenize 0 '100 1 101\n' --vocab model --decode
is out "ab"
tokenize 0 '100 1 101\n' --vocab model --decode --special keep
is out "a</s>b"
tokenize 1 '100\n' --vocab model --decode --special slow
has err "no sentencepiece model"
tokenize 2 '100\n' --vocab model --special keep
tokenize 2 '100\n' --vocab model --decode --special all
tokenize 1 'ab\n' --vocab model --decode
has err "line 1"
tokenize 1 'ab\n' --vocab nowhere
tokenize 2 'ab\n'
"$programs/tokenize" --vocab model <. >out 2>err && wrong "tokenize should fail where its input cannot be read"

echo "finetune: a run, stopped and resumed, is the run that went through"
for i in 1 2 3 4 5; do printf '{"text": "record %d", "label": "l%d"}\n' $i $i; done >train.jsonl
finetune=(finetune --model model --data train.jsonl --input "{text}" --target "{label}" --batch-tokens 128
  --max-input 32 --max-target 16 --steps 400)
call 0 "${finetune[@]}" --output whole
has out "saved whole after 400 steps"
call 0 generate --model whole --max-tokens 4 "record 1"
"$programs/finetune" "${finetune[@]:1}" --output parts >out 2>err &
process=$!
for ((i = 0; i < 3000; ++i)); do
  grep -q "^step 1/" err && break
  sleep 0.01
done
kill -INT $process
wait $process
rc=$?
[ "$rc" -eq 130 ] || wrong "finetune returned $rc instead of 130 when interrupted"
has err "--resume goes on from parts.checkpoints"
[ -e parts ] && wrong "an interrupted run should save no model"
call 0 "${finetune[@]}" --output parts --resume
has err "resuming from parts.checkpoints"
same whole/model.safetensors parts/model.safetensors
differ whole/model.safetensors model/model.safetensors

echo "finetune: tables, what is cut, refusals"
printf 'record 1\tl1\nrecord 2\tl2\n' >train.tsv
printf '"record, 1",l1\n"record, 2",l2\n' >train.csv
few=(finetune --model model --input "{text}" --target "{label}" --batch-tokens 1024 --steps 2)
call 0 "${few[@]}" --data train.tsv train.csv --columns text,label --output tables
call 0 "${few[@]}" --data train.tsv --data train.csv --columns text,label --unescape text --output tables
if command -v gzip >/dev/null; then
  gzip -k train.tsv
  XDG_CACHE_HOME=$work/cache "$programs/finetune" "${few[@]:1}" --data train.tsv.gz --columns text,label \
    --output unpacked >out 2>err || grep -q "built without zlib" err || wrong "finetune should read what gzip packed"
fi
call 0 "${few[@]}" --data train.jsonl --max-input 32 --max-target 8 --packing best-fit --output packed
call 0 "${few[@]}" --data train.jsonl --max-input 4 --output cut
has out "cut to --max-input"
has err "cut to --max-input"
call 1 "${few[@]}" --data train.tsv --output x
call 1 "${few[@]}" --data train.jsonl --columns text,label --output x
call 1 "${few[@]}" --data nowhere.jsonl --output x
call 1 "${few[@]}" --data train.jsonl --output x --keep -1
mkdir full && : >full/file
call 1 "${few[@]}" --data train.jsonl --output full
has err "holds files but no model"
for wrong_option in "--rate nan" "--rate -1" "--rate 0" "--rate inf" "--weight-decay nan" "--weight-decay -1" \
  "--dropout nan" "--dropout -0.1" "--dropout 1" "--cap -1" "--cap nan" "--cap 0" "--clip nan" "--temperature nan"; do
  # shellcheck disable=SC2086  # an option and its value
  call 2 "${few[@]}" --data train.jsonl --output x $wrong_option
done
[ -e x ] && wrong "a refused run should leave nothing"

if [ -x "$programs/quickstart" ]; then
  echo "quickstart"
  call 2 quickstart --steps
  call 2 quickstart --steps none
  call 2 quickstart --nonsense
  call 1 quickstart --output full --steps 3
  has err "holds files but no model"
  call 0 quickstart --steps 3 --output quick
  has out "exact match on unseen inputs"
  [ -s quick/loss.svg ] || wrong "quickstart should draw its losses"
  tokenize 0 'a\n' --vocab quick/spiece.model
  cp out a
  tokenize 0 'a\n' --vocab quick
  same out a
  tokenize 0 'ab☃cd</s>\n' --vocab quick
  ids=$(cat out)
  tokenize 0 "$ids\n" --vocab quick --decode
  is out "abcd"
  tokenize 0 "$ids\n" --vocab quick --decode --special keep
  is out "ab<unk>cd</s>"
  tokenize 0 "$ids\n" --vocab quick --decode --special slow
  is out "ab<unk> cd</s>"
  call 0 generate --model quick --max-tokens 4 --stream "Is it?"
fi

[ "$failures" -eq 0 ] || { echo "$failures checks failed"; exit 1; }
echo "all as it should be"
