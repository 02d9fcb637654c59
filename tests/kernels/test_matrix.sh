#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Does tests/kernels/run see what can go wrong in a guest? A stand-in driver passes on the host,
# fails a test on one kernel, hangs on the next, leaves tests out on the third and brings down the
# fourth; the report must say so of each. Boots every kernel; takes about half a minute.

here=$(cd "$(dirname "$0")" && pwd)
cache=${BUILD:-build}/kernels
scratch=$(mktemp -d "${TMPDIR:-/tmp}/test-matrix.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
failed=0

check() { # NAME REGEX: some line of the report matches
	if grep -qE -- "$2" "$scratch/report"; then
		echo "ok matrix-$1"
	else
		echo "not ok matrix-$1 - no line like: $2"
		failed=1
	fi
}

mkdir "$scratch/workloads"
cat >"$scratch/systemscope" <<-'END'
	#!/bin/sh
	case $(uname -r) in
	5.10.*) echo "no   stand-in  not here" ;;
	*) echo "yes  stand-in  asked by $1" ;;
	esac
END
cat >"$scratch/driver" <<-'END'
	#!/bin/sh
	[ "$1" = --list ] && exec printf 'first\nsecond\nthird\n'
	echo "# unwind.verified: at most 7 instructions"
	echo "ok first"
	case $(uname -r) in
	5.10.*) printf 'not ok second - it is broken - really\nok third\n'; exit 1 ;;
	6.1.*cloud*) sleep 1000 ;;
	6.12.*cloud*) exit 0 ;;
	*cloud*) echo c >/proc/sysrq-trigger ;;
	esac
	printf "unfinished line"
	sleep 0.1
	printf "\nskip second - no such feature\nok third\n"
END
chmod +x "$scratch/systemscope" "$scratch/driver"

"$here/run" --cache "$cache" --systemscope "$scratch/systemscope" --driver "$scratch/driver" \
	--workloads "$scratch/workloads" --logs "$scratch/logs" --timeout 25 >"$scratch/report"
status=$?
sed 's/^/# /' "$scratch/report"
if grep -q '^skip .*: every test - ' "$scratch/report"; then
	echo "skip matrix - $(grep -m 1 '^skip .*: every test - ' "$scratch/report")"
	exit 0
fi

check release '^  release  5[.]10[.].*cloud'
check doctor-rows '^    yes  stand-in  asked by doctor$'
check verified '^  verified at most 7 instructions$'
check features '^stand-in +no +yes +yes +yes +yes'
check table-row '^second +not ok +not ok +not ok +not ok +skip'
check pass '^first +ok +ok +ok +ok +ok'
check failure '^not ok 5[.]10: second - it is broken - really$'
check hang '^not ok 6[.]1: \(run\) - hung: ended after 2[0-9] s$'
check hang-missing-line '^not ok 6[.]1: second - printed no line$'
check missing-line '^not ok 6[.]12: second - printed no line$'
check panic '^not ok sid: \(run\) - died, status '
check skip-reason '^skip host: second - no such feature$'
check listed-test '^not ok 6[.]12: third - printed no line$'
check total '^7 passed, 9 failed, 1 skipped$'
if [ $status = 1 ]; then
	echo "ok matrix-status"
else
	echo "not ok matrix-status - exit status $status, not 1"
	failed=1
fi
exit $failed
