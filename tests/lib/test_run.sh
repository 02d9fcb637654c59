#!/bin/bash
# SPDX-License-Identifier: MIT
#
# test_run.sh - the runner must see every way a test can fail: a test of tests/run itself.

run=$(cd "$(dirname "$0")/.." && pwd)/run
dir=$(mktemp -d "${TMPDIR:-/tmp}/test-run.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
failures=0

# make NAME BODY: an executable test
make() {
	printf '#!/bin/sh\n%s\n' "$2" >"$dir/$1"
	chmod +x "$dir/$1"
}

# expect CASE STATUS LAST_LINE PATTERN ARGS...: the runner's exit, its last line, a line it prints
expect() {
	local name=$1 status=$2 last=$3 pattern=$4 out got
	shift 4
	out=$(env -u CI ${CI_VALUE:+CI=$CI_VALUE} "$run" "$@" 2>&1)
	got=$?
	if [ "$got" != "$status" ]; then
		echo "not ok $name - exit status $got, not $status"
	elif [ "$(tail -n 1 <<<"$out")" != "$last" ]; then
		echo "not ok $name - last line '$(tail -n 1 <<<"$out")', not '$last'"
	elif ! grep -q -e "$pattern" <<<"$out"; then
		echo "not ok $name - no line like '$pattern'"
	else
		echo "ok $name"
		return
	fi
	sed 's/^/    /' <<<"$out"
	failures=$((failures + 1))
}

make good 'echo ok a; echo "# some words"; echo ok b'
make bad 'echo ok a; echo "not ok b - wrong"; exit 1'
make liar 'echo "not ok b - wrong"; exit 0'
make crash 'echo ok a; kill -SEGV $$'
make slow 'echo ok a; exec sleep 60'
make deaf 'trap "" TERM; echo ok a; while :; do sleep 1; done'
make mute 'exit 0'
make angry 'echo ok a; exit 3'
make skips 'echo "skip a - no disk"; echo ok b'
make rootless 'echo "skip a - needs root"; echo "skip b - needs BPF and BTF"; echo ok c'
make inner 'echo "a line that says not ok x"; echo " ok indented"; echo ok real'

expect run.passes 0 '2 passed, 0 failed, 0 skipped' '^ok b' "$dir/good"
expect run.sums 1 '5 passed, 1 failed, 0 skipped' '^failed: bad: b - wrong' \
	"$dir/good" "$dir/bad" "$dir/good"
expect run.failure_with_exit_0 1 '0 passed, 1 failed, 0 skipped' 'in spite' "$dir/liar"
expect run.crash 1 '1 passed, 1 failed, 0 skipped' 'killed by signal 11' "$dir/crash"
expect run.timeout 1 '1 passed, 1 failed, 0 skipped' 'no end within 1 s' --timeout 1 "$dir/slow"
expect run.no_case 1 '0 passed, 1 failed, 0 skipped' 'no test case' "$dir/mute"
expect run.not_there 1 '0 passed, 1 failed, 0 skipped' 'no test case (exit status 127)' \
	"$dir/nowhere"
expect run.exit_without_case 1 '1 passed, 1 failed, 0 skipped' 'exit status 3' "$dir/angry"
expect run.skip 0 '1 passed, 0 failed, 1 skipped' '^skipped: skips: a - no disk' "$dir/skips"
expect run.diagnostics 0 '1 passed, 0 failed, 0 skipped' 'a line that says' "$dir/inner"
expect run.privileged_skip_allowed 0 '1 passed, 0 failed, 2 skipped' 'needs root' "$dir/rootless"
expect run.no_arguments 2 "$("$run" 2>&1 | tail -n 1)" usage
expect run.bad_timeout 2 'tests/run: --timeout: not a number: x' 'not a number' --timeout x a

if [ "$(id -u)" = 0 ] && [ -r /sys/kernel/btf/vmlinux ]; then
	expect run.privileged_skip_flag 1 '1 passed, 2 failed, 0 skipped' 'needs BPF and BTF' \
		--no-privileged-skips "$dir/rootless"
	CI_VALUE=true expect run.privileged_skip_ci 1 '1 passed, 2 failed, 0 skipped' \
		'needs root' "$dir/rootless"
	CI_VALUE=true expect run.other_skip_ci 0 '1 passed, 0 failed, 1 skipped' 'no disk' "$dir/skips"
else
	echo "skip run.privileged_skip_flag - needs root"
fi
# Last: it takes the ten seconds of grace that a test has after TERM.
expect run.killed 1 '1 passed, 1 failed, 0 skipped' 'killed by signal 9\|no end within' \
	--timeout 1 "$dir/deaf"

[ "$failures" = 0 ]
