#!/bin/sh
# keep_log.sh LOG command…: a compiler's launcher that keeps what ptxas says of each kernel in LOG, and shows the rest.
log=$1
shift
"$@" 2>"$log.new"
code=$?
# Lines of ptxas, and the one between them that has the spills.
grep -v -e '^ptxas info' -e '^ *[0-9]* bytes stack frame' "$log.new" >&2
mv "$log.new" "$log"
exit "$code"
