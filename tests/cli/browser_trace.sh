#!/bin/sh
# SPDX-License-Identifier: MIT
#
# .trace.json in viewers of traces: in that of chrome://tracing, shown by a browser, and in the engine of
# the browser's own panel. Each must find every slice, to the nanosecond; that these sum to the ledger's
# times is seen by tests/lib/check_trace.
. "$(dirname "$0")/../lib/cli.sh"
. "$(dirname "$0")/../lib/npm.sh"

lib=$(cd "$(dirname "$0")/../lib" && pwd)
build=$(realpath "${BUILD:-$(dirname "$SYSTEMSCOPE")}")

# Sets $viewer to the viewer's directory, of Debian's golang-src; or says in $why_not why there is none.
find_viewer() {
	viewer=$(go env GOROOT 2>/dev/null)/src/cmd/trace/static
	if ! chromium=$(command -v chromium) || [ ! -r "$viewer/trace_viewer_full.html" ]; then
		why_not="no chromium, or no trace viewer beside go: make test-packages"
		return 1
	fi
	fetch_npm playwright-core 1
}

# judge NAME TRACE COMMAND...: what the viewer tells of TRACE is what is in it.
judge() {
	name=$1 trace=$2
	shift 2
	if ! "$@" >"$scratch/viewed" 2>"$scratch/why" ||
		! "$lib/viewed_trace" "$trace" "$scratch/viewed" 2>"$scratch/why"; then
		not_ok "$name" "$(tail -n 1 "$scratch/why" | cut -c 1-1000)"
	else
		ok "$name"
	fi
}

# view NAME TRACE
view() {
	if [ -n "$why_no_viewer" ]; then
		echo "skip viewer_$1 - $why_no_viewer"
	else
		judge "viewer_$1" "$2" env "HOME=$scratch" "NODE_PATH=$playwright" timeout 120 \
			node "$lib/trace_viewer.js" "$chromium" "$viewer" "$2" \
			${SCREENSHOTS:+"$SCREENSHOTS/trace_$1.png"}
	fi
	if [ -n "$why_no_engine" ]; then
		echo "skip panel_$1 - $why_no_engine"
	else
		judge "panel_$1" "$2" timeout 120 node "$lib/devtools.mjs" "$engine" "$2"
	fi
}

why_no_viewer= why_no_engine=
find_viewer || why_no_viewer=$why_not
playwright=$npm_modules
fetch_npm @paulirish/trace_engine 0.0.65 || why_no_engine=$why_not
engine=$npm_modules/@paulirish/trace_engine

view golden "$lib/../golden/timeline.trace.json"
if [ -x "$build/bench/exporters" ]; then
	"$build/bench/exporters" -i -r 1 -n 20000 -s 2000 -t 50 -d "$scratch" chrome >/dev/null
	view made_up "$scratch/profile.trace.json"
else
	echo "skip made_up - no $build/bench/exporters: make test-programs"
fi

needs_capture captured || finish
# captured NAME ARGUMENT...
captured() {
	name=$1
	shift
	run "$SYSTEMSCOPE" -q "$@"
	judge_success "captured_$name" 0 a.trace.json a.json || return # the name is that now
	if why=$("$lib/check_trace" "$dir/work/a.trace.json" "$dir/work/a.json" 2>&1); then
		view "$name" "$dir/work/a.trace.json"
	else
		not_ok "$name" "$why"
	fi
}
captured build -o a.trace.json -o a.json -- make -s -C "$lib/../.." "BUILD=$scratch/built" \
	"$scratch/built/workloads/demo"
# A twentieth of a second: it may be a busy machine.
captured all -a -d 0.05 -o a.trace.json -o a.json
finish
