#!/bin/sh
# SPDX-License-Identifier: MIT
# Few descriptors: more are taken where that is allowed, COMMAND has its own, and a lack is named.
. "$(dirname "$0")/../lib/cli.sh"

needs_capture limits || finish

run sh -c 'ulimit -Sn 40 && exec "$0" -q -o x.folded -- sh -c "ulimit -Sn >limit"' "$SYSTEMSCOPE"
if judge_success soft_limit 0 x.folded limit; then
	if [ "$(cat "$dir/work/limit")" = 40 ]; then
		ok soft_limit
	else
		not_ok soft_limit "COMMAND has $(cat "$dir/work/limit")"
	fi
fi

run sh -c 'ulimit -n 40 && exec "$0" -q -p $$ -d 1 -o x.folded' "$SYSTEMSCOPE"
judge_error hard_limit 1 'too many open files: the limit is 40, and [0-9]+ are needed; raise it: .*'
finish
