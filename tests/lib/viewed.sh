# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# viewed.sh - sourced behind cli.sh: a program to be captured and looked at in viewers, viewed.c.

# Starts it: $victim, which the caller ends. The test's end, where nothing can be captured.
start_viewed() {
	needs_capture captured || finish
	cp "$(dirname "$0")/../lib/viewed.c" "$scratch/viewed.c"
	if ! (cd "$scratch" && gcc -D_GNU_SOURCE -O2 -g -static -pthread viewed.c -o viewed); then
		not_ok captured "viewed.c does not compile"
		finish
	fi
	"$scratch/viewed" &
	victim=$!
}
