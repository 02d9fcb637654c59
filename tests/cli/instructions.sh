#!/bin/sh
# SPDX-License-Identifier: MIT
#
# How many instructions each stage of user space takes for an item of made up input, counted by callgrind:
# at most a tenth more than instructions.budget says. That a machine is busy changes nothing.
# `tests/cli/instructions.sh --rewrite` writes the budget anew: after work that is worth its price,
# and after work that saved some.
. "$(dirname "$0")/../lib/cli.sh"
: "${BUILD:?where programs are built}"

stacks=4000
budget=$(realpath "$(dirname "$0")/instructions.budget")
BUILD=$(realpath "$BUILD")

if ! command -v valgrind >/dev/null; then
	echo "skip instructions - needs valgrind"
	finish
fi

run valgrind --tool=callgrind --callgrind-out-file=counted "$BUILD/bench/stages" -n "$stacks" \
	-i "$BUILD/bench/names.so"
if [ "$code" != 0 ] || [ ! -e "$dir/work/counted.1" ]; then
	tail -n 5 "$dir/err"
	not_ok instructions "exit code $code"
	finish
fi
# STAGE INSTRUCTIONS, for an item: of the dump of that name, by the count that the stage itself tells.
awk 'FNR == 1 { stage = "" }
	/^desc: Trigger: Client Request: / { stage = $NF }
	/^(summary|totals): / && !($1 == "summary:" && stage == "") { count[stage] = $2 }
	FILENAME ~ /out$/ && $3 { items[$1] = $3 }
	END { for (stage in count) if (items[stage]) printf "%s %.0f\n", stage, count[stage] / items[stage] }' \
	"$dir/out" "$dir"/work/counted.* | sort >"$scratch/counted"

if [ "$1" = --rewrite ]; then
	{ grep '^#' "$budget"; cat "$scratch/counted"; } >"$scratch/new"
	cat "$scratch/new" >"$budget"
	exit
fi

awk 'NR == FNR { if (!/^#/) budget[$1] = $2; next }
	!($1 in budget) { printf "not ok instructions.%s - %d, and no budget\n", $1, $2; next }
	{
		told = sprintf("%d instructions an item, budget %d", $2, budget[$1])
		if ($2 > 1.1 * budget[$1])
			printf "not ok instructions.%s - %s\n", $1, told
		else
			printf "ok instructions.%s\n", $1
		if ($2 < 0.8 * budget[$1])
			printf "# %s: %s: please lower it, by tests/cli/instructions.sh --rewrite\n", $1, told
		delete budget[$1]
	}
	END { for (stage in budget) printf "not ok instructions.%s - not counted\n", stage }' \
	"$budget" "$scratch/counted" | tee "$scratch/verdicts"
! grep -q '^not ok' "$scratch/verdicts" || failures=1
[ -s "$scratch/verdicts" ] || not_ok instructions "nothing was counted"
finish
