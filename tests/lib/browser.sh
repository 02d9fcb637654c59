# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# browser.sh - sourced behind cli.sh: pages in a browser (Debian's chromium, without a window), driven by
# playwright-core of npm.

. "$(dirname "$0")/../lib/npm.sh"

# make_pages NAME: pages of all streams, in $scratch/pages; the end, where there is no browser.
make_pages() {
	why_not="no chromium here: make test-packages"
	if ! chromium=$(command -v chromium) || ! fetch_npm playwright-core 1; then
		echo "skip $1 - $why_not"
		exit 0
	fi
	mkdir "$scratch/pages"
	"${BUILD:-$(dirname "$SYSTEMSCOPE")}/tests/pages" "$scratch/pages" && return
	not_ok "$1" "tests/pages failed"
	finish
}

# browse NAME DRIVER: what the driver says of the pages are cases of this test.
browse() {
	NODE_PATH=$npm_modules timeout 600 node "$2" "$chromium" "$scratch/pages" \
		${SCREENSHOTS:+"$SCREENSHOTS"} >"$scratch/cases" 2>"$scratch/errors"
	code=$?
	cat "$scratch/cases"
	[ "$code" = 0 ] || [ "$code" = 1 ] ||
		not_ok "$1" "exit code $code: $(tail -n 1 "$scratch/errors")"
	grep -q '^not ok' "$scratch/cases" && failures=$((failures + 1))
	finish
}
