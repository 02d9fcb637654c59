#!/bin/sh
# SPDX-License-Identifier: MIT
# What changed from one capture to another: both of them are in the difference, to the microsecond.
. "$(dirname "$0")/../lib/cli.sh"

root=$(cd "$(dirname "$0")/.." && pwd)
golden=$root/golden

# --- mistakes ------------------------------------------------------------------------------------

expect_error no_file 2 'diff needs two captures that were kept: systemscope diff BEFORE.scope AFTER.scope' diff
expect_error one_file 2 'diff needs two captures that were kept: .*' diff "$golden/plain.scope"
expect_error three_files 2 'stray word c.scope: diff reads two files, and those are a.scope and b.scope' \
	diff a.scope b.scope c.scope
expect_error not_there 1 'cannot read no.scope: No such file or directory' diff "$golden/plain.scope" no.scope
expect_error no_difference 2 'json cannot show a difference: write it as svg or folded' \
	diff "$golden/plain.scope" "$golden/lost.scope" -o x.svg -o x.json
expect_error not_an_option 2 'diff has no option --pid' diff a.scope b.scope --pid 1

# --- differences ---------------------------------------------------------------------------------

# column FILE N: folded stacks of one side.
column() {
	awk -v n="$2" '{
		before = $(NF - 1); after = $NF; us = n == 1 ? before : after
		sub(/ [0-9]+ [0-9]+$/, "")
		if (us > 0)
			print $0 " " us
	}' "$1"
}

check_diff() { # NAME BEFORE AFTER
	run "$SYSTEMSCOPE" diff "$golden/$2.scope" "$golden/$3.scope" -o x.svg -o x.folded
	judge_success "$1" 0 x.svg x.folded || return
	column "$dir/work/x.folded" 1 >"$scratch/before"
	column "$dir/work/x.folded" 2 >"$scratch/after"
	if ! cmp -s "$scratch/before" "$golden/$2.folded" || ! cmp -s "$scratch/after" "$golden/$3.folded"; then
		not_ok "$1" "the columns are not the folded files"
	elif why=$(python3 "$root/svg/read_svg.py" "$dir/work/x.svg" "$golden/$2.folded" "$golden/$3.folded" 2>&1); then
		ok "$1"
	else
		not_ok "$1" "$(echo "$why" | tail -n 1 | cut -c1-300)"
	fi
}
check_diff of_two_captures plain lost
check_diff of_idle_threads idle blocked
check_diff of_hostile_names ends hostile
check_diff of_one_and_itself plain plain

run "$SYSTEMSCOPE" diff "$golden/plain.scope" "$golden/plain.scope"
if judge_success to_stdout 0; then
	if [ -s "$dir/out" ] && ! awk '$NF != $(NF - 1) { exit 1 }' "$dir/out"; then
		not_ok to_stdout "a capture differs from itself"
	else
		ok to_stdout
	fi
fi
run sh -c "'$SYSTEMSCOPE' diff '$golden/plain.scope' - <'$golden/lost.scope'"
if judge_success from_stdin 0; then
	if [ -s "$dir/out" ]; then ok from_stdin; else not_ok from_stdin "nothing is written"; fi
fi
head -c 600 "$golden/plain.scope" >"$scratch/cut.scope"
run "$SYSTEMSCOPE" diff "$golden/plain.scope" "$scratch/cut.scope" -o x.folded
if judge_success of_a_cut_file 0 x.folded; then
	if grep -q '^systemscope: note: .*/cut.scope is cut off: ' "$dir/err"; then
		ok of_a_cut_file
	else
		not_ok of_a_cut_file "it is not told: $(head -n 1 "$dir/err")"
	fi
fi
finish
