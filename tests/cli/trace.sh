#!/bin/sh
# SPDX-License-Identifier: MIT
#
# .trace.json: what exporters/chrome.c promises, by a strict reader of our own, and what speedscope's
# importer makes of it; of the golden file, and of programs that run here.
. "$(dirname "$0")/../lib/cli.sh"
. "$(dirname "$0")/../lib/speedscope.sh"

lib=$(cd "$(dirname "$0")/../lib" && pwd)
golden=$lib/../golden/timeline.trace.json
build=$(realpath "${BUILD:-$(dirname "$SYSTEMSCOPE")}")

# strict NAME TRACE [JSON]
strict() {
	name=$1
	shift
	if "$lib/check_trace" "$@" >"$scratch/strict" 2>&1; then
		ok "$name"
	else
		not_ok "$name" "$(tail -n 1 "$scratch/strict" | cut -c 1-1000)"
	fi
}

# refuses NAME SED: the reader sees what is wrong in the golden file once sed was there.
refuses() {
	sed -E "$2" "$golden" >"$scratch/broken.json"
	if cmp -s "$golden" "$scratch/broken.json"; then
		not_ok "$1" "nothing was broken"
	elif "$lib/check_trace" "$scratch/broken.json" >/dev/null 2>&1; then
		not_ok "$1" "it was not seen"
	else
		ok "$1"
	fi
}

# imports NAME TRACE
imports() {
	if node "$lib/speedscope.js" "$speedscope" "$2" >"$scratch/imported" 2>"$scratch/err" &&
		"$lib/imported_trace" "$2" "$scratch/imported" 2>"$scratch/err"; then
		ok "$1"
	else
		not_ok "$1" "$(tail -n 1 "$scratch/err" | cut -c 1-1000)"
	fi
}

strict golden "$golden"
refuses sees_overlap '/"ph":"E"/s/"tid":100,"ts":400\.000/"tid":100,"ts":400.001/'
refuses sees_the_windows_end '/"ph":"E"/s/"ts":1000\.000/"ts":1000.001/'
refuses sees_an_open_slice '/"ph":"E".*"tid":101/d'
refuses sees_other_digits 's/"ts":400\.000/"ts":400.00/'
refuses sees_a_lost_arrow_end '/"ph":"f"/d'
refuses sees_an_arrow_without_bp 's/"bp":"e",//'
refuses sees_an_arrow_from_a_wait 's/("ph":"s".*"ts":)99\.999/\1110.000/'
refuses sees_a_nameless_track '/"thread_name","pid":100,"tid":101/d'
refuses sees_a_wrong_count 's/"on-CPU":3,/"on-CPU":4,/'
refuses sees_an_empty_frame 's/serve;futex/serve;;futex/'
refuses sees_a_key_twice 's/"ph":"B"/"ph":"B","ph":"B"/'

if fetch_speedscope; then
	imports imported_golden "$golden"
else
	echo "skip imported_golden - $why_not"
fi

needs_capture captured || finish
"$build/workloads/conserve" --seconds 60 >/dev/null &
victim=$!
for command in profile oncpu offcpu; do
	run "$SYSTEMSCOPE" $command -q -p $victim -d 1 -o a.trace.json -o a.json
	judge_success captured_$command 0 a.trace.json a.json || continue
	if [ $command = profile ]; then
		strict captured_$command "$dir/work/a.trace.json" "$dir/work/a.json"
	else
		strict captured_$command "$dir/work/a.trace.json"
	fi
	[ -z "$why_not" ] && imports imported_$command "$dir/work/a.trace.json"
done
kill $victim
wait $victim 2>/dev/null

# A COMMAND, its children, and all that they wake.
run "$SYSTEMSCOPE" -q -o a.trace.json -o a.json -- "$build/workloads/forktree"
if judge_success captured_command 0 a.trace.json a.json; then
	strict captured_command "$dir/work/a.trace.json" "$dir/work/a.json"
fi

# Without an output that needs one, --timeline is in the JSON; without --timeline, it is not.
run "$SYSTEMSCOPE" -q -d 0.2 -p $$ --timeline -o a.json
if judge_success kept 0 a.json; then
	grep -q '^"intervals":\[$' "$dir/work/a.json" && ok kept || not_ok kept "no intervals"
fi
run "$SYSTEMSCOPE" -q -d 0.2 -p $$ -o a.json
if judge_success not_asked_for 0 a.json; then
	grep -q intervals "$dir/work/a.json" && not_ok not_asked_for "intervals" || ok not_asked_for
fi
finish
