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
# Every line is JSON to a parser that is not ours, where there is one.
is_json() {
  command -v python3 >/dev/null || return 0
  python3 -c 'import json, sys; [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]' "$1" 2>/dev/null ||
    wrong "$1 is not JSON"
}
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

echo "generate: precisions"
for precision in f32 bf16 q8; do
  call 0 "${generate[@]}" --precision $precision --beams 2 --json x
  is_json out
  cp out $precision
done
differ f32 q8  # the scores' last digits
call 2 "${generate[@]}" --precision q3 x

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
call 0 score --model model --input lines --precision q8
has out '"more":1,"logprobs":[-'
differ out scores
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
has out "train.jsonl: of "
has out "of the batches"
has err "cut to --max-input"
call 1 "${few[@]}" --data train.tsv --output x
call 1 "${few[@]}" --data train.jsonl --columns text,label --output x
call 1 "${few[@]}" --data nowhere.jsonl --output x
call 1 "${few[@]}" --data train.jsonl --output x --keep -1
mkdir full && : >full/file
call 1 "${few[@]}" --data train.jsonl --output full
has err "holds files but no model"
for wrong_option in "--rate nan" "--rate -1" "--rate 0" "--rate inf" "--weight-decay nan" "--weight-decay -1" \
  "--dropout nan" "--dropout -0.1" "--dropout 1" "--cap -1" "--cap nan" "--cap 0" "--clip nan" "--temperature nan" "--seed -5"; do
  # shellcheck disable=SC2086  # an option and its value
  call 2 "${few[@]}" --data train.jsonl --output x $wrong_option
done
[ -e x ] && wrong "a refused run should leave nothing"

echo "mixture: show"
mkdir -p data/cot data/niv2/tasks
for i in {1..12}; do printf 'What is %d plus one?\t%d\tOne more than that is %d.\n' "$i" $((i + 1)) $((i + 1)); done \
  >data/cot/gsm8k_train.tsv
for task in task001_copy task664_mmmlu_algebra; do
  printf '{"Definition": ["Copy."], "Input_language": ["English"], "Output_language": ["Thai"], "Instances": [
    {"id": "1", "input": "a", "output": ["b"]}, {"id": "2", "input": "c", "output": ["d"]}]}' >data/niv2/tasks/$task.json
done
printf '{"name": "two", "parts": [
  {"name": "labels", "weight": 0.25, "files": "train.jsonl", "templates": [{"input": "{text}", "target": "{label}"}]},
  {"name": "sums", "weight": 0.75, "files": "data/cot/gsm8k_train.tsv", "format": "cot",
   "forms": [{"options": "listed"}, {"exemplars": "fixed", "shots": 2}]}]}' >two.json
call 0 mixture show two.json
has out "two: 2 of 2 tasks are there, with 17 records."
grep -q "^sums *chain_of_thought *12 *0 *75.000$" out || wrong "sums should have its records and rate"
grep -q "^labels *(templates) *5 *0 *25.000$" out || wrong "labels should have its records and rate"
has out "zero-shot, options listed 50.000 %; 2 exemplars, options listed 50.000 %"
call 0 mixture show two.json --json
is_json out
has out '{"name":"two","tasks":[{"part":"","task":"labels","family":"","format":"jsonl","files":["'
has out '"records":12,"skipped":0,"rate":0.75,"forms":[{"form":"zero-shot, options listed","rate":1.0},'
call 0 mixture show --preset flan2022_b --data data
has out "flan2022_b (Chung et al. 2022, Table 23, set B): 2 of"
grep -q "^cot *gsm8k *chain_of_thought *12 .*6.923 *7,470$" out || wrong "gsm8k should have its share and published size"
grep -q "^niv2 *1 *1 *2 *93.077 *1,554 *24.200$" out || wrong "niv2 should have its renormalised and published share"
has out "niv2: it is left out, since MMLU is made of its questions"
has out "no file is called NAME_train.tsv"
call 0 mixture show --preset flan2022_b --data data --json
is_json out
has out '{"part":"cot","task":"gsm8k","family":"chain_of_thought","published":7470,"cap":100000,"format":"cot"'
has out '"task":"task664_mmmlu_algebra"'
call 0 mixture show --preset flan_collection --data data
has out "gsm8k/inverted"
call 0 mixture show two.json
grep -q "Warning\|Required" out && wrong "nothing is wrong with two.json"
sed 's/"shots": 2/"shots": 12/' two.json >short.json
call 0 mixture show short.json
has out 'Warning: sums has 12 records, so "12 exemplars, options listed" gets 11 of its exemplars.'
call 0 mixture show short.json --json
is_json out
has out '{"form":"12 exemplars, options listed","rate":1.0,"exemplars":11}'

echo "mixture: sample, export"
call 0 mixture sample two.json --count 3 --seed 1
[ "$(grep -c '^=== ' out)" -eq 3 ] || wrong "three examples should be shown"
[ "$(grep -c '^--- target$' out)" -eq 3 ] || wrong "three targets should be shown"
has out "wording"
call 0 mixture sample two.json --count 4 --task labels --json
is_json out
[ "$(grep -c '"task":"labels"' out)" -eq 4 ] || wrong "four examples of one task should be shown"
cp out labels
call 0 mixture sample two.json --count 1 --json --seed 3 --from 1000000000000
has out '{"index":1000000000000,"task":"'
cp out far
call 0 mixture sample two.json --count 1 --json --seed 3 --from 1000000000000
same out far
call 0 mixture sample two.json --count 2 --json --from 18446744073709551614
has out '{"index":18446744073709551615,"task":"'
sed 's/0.25/1e-15/; s/0.75/1/' two.json >rare.json
call 0 mixture sample rare.json --count 2 --task labels --json
[ "$(grep -c '"task":"labels"' out)" -eq 2 ] || wrong "a rare task should be found"
rare_index=$(sed -n '2s/{"index":\([0-9]*\),.*/\1/p' out)
sed -n 2p out >rare
call 0 mixture sample rare.json --count 1 --json --from "$rare_index"
same out rare
call 1 mixture sample rare.json --task labels --count 1 --from 18446744073709551615
has err "the stream has no more of labels"
call 0 mixture export two.json --examples 40 --output exported.jsonl
is "out" ""
is_json exported.jsonl
[ "$(wc -l <exported.jsonl)" -eq 40 ] || wrong "forty examples should be exported"
[ "$(grep -c '"task":"sums"' exported.jsonl)" -eq 30 ] || wrong "three quarters should be sums"
head -n 1 <(grep '"task":"labels"' exported.jsonl) >a
head -n 1 labels >b
same a b
call 0 mixture export two.json --examples 40
same out exported.jsonl
call 0 mixture export two.json --examples 5 --from 35
tail -n 5 exported.jsonl >a
same a out
# A link stays, and leads to what was written; what is no regular file is written to, and a folder is refused.
echo old >linked.jsonl
ln -s linked.jsonl link
ln -s dangling.jsonl new_link
for file in link new_link; do
  call 0 mixture export two.json --examples 40 --output $file
  [ -L $file ] || wrong "$file should still be a link"
  same $file exported.jsonl
done
[ -e dangling.jsonl ] || wrong "a link should lead to what was written"
mkfifo pipe
cat pipe >piped &
call 0 mixture export two.json --examples 40 --output pipe
[ -p pipe ] || wrong "a pipe should stay one"
wait $!
same piped exported.jsonl
mkdir folder
call 1 mixture export two.json --examples 40 --output folder
has err "cannot write folder: it is a folder"
if [ -e /dev/full ]; then
  call 1 mixture export two.json --examples 40 --output /dev/full
  [ -c /dev/full ] || wrong "a device should stay one"
fi
compgen -G "*.part" >/dev/null && wrong "nothing half written should stay"
# What was written is read again as it was: a mixture over the exported file.
printf '{"name": "again", "parts": [{"name": "again", "files": "exported.jsonl",
  "templates": [{"input": "{input}", "target": "{target}"}]}]}' >again.json
call 0 mixture export again.json --examples 40
for file in out exported.jsonl; do sed 's/.*"input":/"input":/' $file | sort >$file.inputs; done
same out.inputs exported.jsonl.inputs
printf '{"text": "", "label": ""}\n{"text": "x", "label": "y"}\n' >holes.jsonl
printf '{"name": "holes", "parts": [{"name": "holes", "files": "holes.jsonl",
  "templates": [{"input": "{text}", "target": "{label}"}]}]}' >holes.json
call 0 mixture export holes.json --examples 10
[ "$(wc -l <out)" -eq 5 ] || wrong "examples without a target should be left out"
has err "5 of 10 examples left out"
call 0 mixture sample holes.json --count 2
has out "no target: left out when training"

echo "mixture: stats"
call 0 mixture stats two.json --vocab model --examples 400
has out "The first 400 examples of seed 0."
grep -q "^sums *[0-9]* *7[0-9.]* *75.000 " out || wrong "some three quarters should be sums"
has out "Packed by best fit, 400 examples take"
call 0 mixture stats two.json --vocab model --examples 400 --max-input 16 --max-target 4 --json
is_json out
has out '{"task":"labels","rate":0.25,"examples":'
has out '"skipped":0,"input":{"mean":9.0,"p50":9,"p95":9,"max":9,"truncated":0.0,"tokens":'
has out '"truncated":1.0'
call 0 mixture stats --preset flan2022_a --data data --vocab model --examples 100
grep -q "^Thai " out || wrong "languages should be told apart"

echo "mixture: refusals"
call 2 mixture
call 2 mixture show
call 2 mixture show two.json --preset flan2022_a --data data
call 2 mixture show --preset flan2022_a
call 2 mixture show --preset flan2023 --data data
has err flan2022_a
call 2 mixture stats two.json
call 2 mixture export two.json
call 2 mixture stats two.json --vocab model --examples 0
for wrong_number in "sample two.json --count -1" "sample two.json --seed -5" "sample two.json --from -1" \
  "sample two.json --from 18446744073709551614 --count 3" "stats two.json --vocab model --seed -1" \
  "stats two.json --vocab model --examples -1" "export two.json --examples -1" "export two.json --examples 1 --seed -1" \
  "export two.json --examples 1 --from -1" "export two.json --examples 2 --from 18446744073709551615"; do
  # shellcheck disable=SC2086  # a command
  call 2 mixture $wrong_number
  is out ""
done
call 1 mixture show nowhere.json
has err nowhere.json
call 1 mixture sample two.json --task sum
has err "it has labels, sums"
call 1 mixture sample --preset flan_collection --data data
has err "add --vocab"
call 0 mixture sample --preset flan_collection --data data --vocab model
mkdir none
call 1 mixture sample --preset flan2022_a --data none
has err "none of"
call 1 mixture export two.json --examples 3 --output nowhere/x.jsonl
has err nowhere/x.jsonl
sed 's/"weight": 0.25/"wieght": 0.25/' two.json >bad.json
call 1 mixture show bad.json
has err "bad.json:2: parts[0]"
has err wieght
sed 's/train.jsonl/gone.jsonl/' two.json >gone.json
call 1 mixture sample gone.json
has err "gone.jsonl; \"optional\""
call 0 mixture sample gone.json --partial
has err "1 of 2 tasks are left out or not there"
call 0 mixture show gone.json
has out "gone.jsonl"
has out "Required"
call 0 mixture show gone.json --json
has out '"refused":"gone.json:2: parts[0]'
sed 's/"name": "labels"/"optional": true, &/' gone.json >optional.json
call 0 mixture show optional.json
grep -q Required out && wrong "an optional task should not be called required"
sed 's/"name": "two"/"name": "bad"/; s/train.jsonl/bad.jsonl/' two.json >bad.json
{ cat train.jsonl; echo '{"text": 1}'; } >bad.jsonl
call 1 mixture show bad.json
has err "bad.jsonl:6"
call 0 mixture show bad.json --skip-bad
has out "1 could not be read and are left out"
for command in "" show sample stats export; do
  # shellcheck disable=SC2086  # a subcommand, or none
  call 0 mixture $command --help
  has out "Exit status"
done

echo "finetune: a mixture"
mixed=(finetune --model model --mixture two.json --batch-tokens 256 --max-input 96 --max-target 32)
call 0 "${mixed[@]}" --steps 3 --output mixed
has out "saved mixed after 3 steps"
grep -q "largest drift [-+][0-9.]* records of \(sums\|labels\)$" out || wrong "finetune should tell what it was fed"
call 0 "${mixed[@]}" --steps 2 --output on --save-every 1
call 0 "${mixed[@]}" --steps 3 --output on --save-every 1 --resume
same mixed/model.safetensors on/model.safetensors
sed -i 's/0.25/0.3/' two.json
call 1 "${mixed[@]}" --steps 4 --output on --save-every 1 --resume
has err "data and templates"
call 0 "${mixed[@]}" --steps 1 --output mixed --eval train.jsonl --input "{text}" --target "{label}"
has out "held-out loss"
sed 's/"files"/"split": {"part": "held out", "share": 0.4}, "files"/' two.json >held_out.json
call 0 "${mixed[@]}" --steps 1 --output mixed --eval held_out.json --eval-examples 20
has out "held-out loss"
mv two.json data/
call 0 finetune --model model --mixture data/two.json --mixture-data . "${mixed[@]:5}" --steps 1 --output mixed
mv data/two.json .
call 2 "${mixed[@]}" --output x --data train.jsonl
call 2 "${mixed[@]}" --output x --cap 5
has err "a mixture's file says them itself"
call 2 "${mixed[@]}" --output x --temperature 2
call 2 "${mixed[@]}" --output x --input "{text}" --target "{label}"
call 2 "${mixed[@]}" --output x --eval train.jsonl
call 2 finetune --model model --output x
call 2 finetune --model model --output x --data train.jsonl
call 2 "${few[@]}" --output x --data train.jsonl --mixture-data .
call 1 finetune --model model --mixture gone.json --output x
has err "gone.jsonl; \"optional\""
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
