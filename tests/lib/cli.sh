# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# cli.sh - sourced by tests/cli/*.sh: runs the built binary, $SYSTEMSCOPE, in an empty directory, and
# judges what came of it. Every run is marked in its environment, so that "nothing is left" can be
# asked of all processes; programs and maps in the kernel hang on a process's descriptors, so
# where no process is left, none of them is.

: "${SYSTEMSCOPE:?the path of the built binary}"
SYSTEMSCOPE=$(realpath "$SYSTEMSCOPE")
scratch=$(mktemp -d "${TMPDIR:-/tmp}/cli.XXXXXX") || exit 1
chmod 755 "$scratch"
trap 'cd /; rm -rf "$scratch"' EXIT
trap 'exit 1' INT TERM
failures=0
run_count=0
unset NO_COLOR SUDO_UID SUDO_GID SUDO_USER
export TERM=xterm

ok() {
	echo "ok $1"
}

not_ok() {
	echo "not ok $1 - $2"
	failures=$((failures + 1))
}

finish() {
	exit $((failures > 0))
}

# A capture works here: root, and a kernel that is good enough.
can_capture() {
	"$SYSTEMSCOPE" doctor >/dev/null 2>&1
}

# needs_capture NAME: true, or the case is skipped.
needs_capture() {
	if can_capture; then
		return 0
	fi
	echo "skip $1 - needs root and BPF"
	return 1
}

# run COMMAND [ARG]...: in a new directory, $dir/work. Sets $code; leaves $dir/out and $dir/err.
run() {
	run_count=$((run_count + 1))
	dir=$scratch/$run_count
	mkdir -p "$dir/work"
	code=0
	(cd "$dir/work" && exec env "CLI_MARK=$dir" "$@") >"$dir/out" 2>"$dir/err" </dev/null ||
		code=$?
}

# Processes of the last run that are still there; a moment is given to those that are dying.
left_over() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		left=$(grep -lazs "^CLI_MARK=$dir\$" /proc/[0-9]*/environ)
		[ -n "$left" ] || return 1
		sleep 0.1
	done
	return 0
}

# Why the last run is not clean; empty if it is. $1: files that may be there, one pattern a line.
untidy() {
	if left_over; then
		echo "processes left: $left"
		return
	fi
	for file in "$dir"/work/* "$dir"/work/.*; do
		[ -e "$file" ] || [ -L "$file" ] || continue
		case $(basename "$file") in
		. | ..) ;;
		*) printf '%s\n' "$1" | grep -qxF "$(basename "$file")" || {
			echo "file left: $(basename "$file")"
			return
		} ;;
		esac
	done
}

# An error: the code, one line on stderr that matches all of `systemscope: REGEX`, nothing on stdout,
# nothing left behind but the files in $may_stay.
judge_error() { # NAME CODE REGEX
	if [ "$code" != "$2" ]; then
		not_ok "$1" "exit code $code, not $2: $(head -n 1 "$dir/err")"
	elif [ "$(wc -l <"$dir/err")" != 1 ]; then
		not_ok "$1" "$(wc -l <"$dir/err") lines on stderr: $(head -n 2 "$dir/err" | tr '\n' '|')"
	elif ! grep -qxE "systemscope: $3" "$dir/err"; then
		not_ok "$1" "message: $(cat "$dir/err")"
	elif [ -s "$dir/out" ]; then
		not_ok "$1" "stdout is not empty"
	elif [ -n "$(untidy "$may_stay")" ]; then
		not_ok "$1" "$(untidy "$may_stay")"
	else
		ok "$1"
	fi
}

# expect_error NAME CODE REGEX ARG...
expect_error() {
	name=$1 want=$2 regex=$3
	shift 3
	run "$SYSTEMSCOPE" "$@"
	judge_error "$name" "$want" "$regex"
}

# A success: the code, and the files that must be there, and no others.
judge_success() { # NAME CODE FILE...
	name=$1 want=$2
	shift 2
	if [ "$code" != "$want" ]; then
		not_ok "$name" "exit code $code, not $want: $(head -n 1 "$dir/err")"
		return 1
	fi
	for file in "$@"; do
		if [ ! -e "$dir/work/$file" ]; then
			not_ok "$name" "no $file"
			return 1
		fi
	done
	why=$(untidy "$(printf '%s\n' "$@")")
	if [ -n "$why" ]; then
		not_ok "$name" "$why"
		return 1
	fi
	return 0
}

# Lines of folded stacks, at least one.
is_folded() {
	[ -s "$1" ] && ! grep -qvE '^[^;]+(;[^;]+)+ [0-9]+$' "$1"
}
may_stay=
