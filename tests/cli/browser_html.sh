#!/bin/sh
# SPDX-License-Identifier: MIT
# Pages in a browser (Debian's chromium, without a window), driven by playwright-core of npm, which is
# fetched once into the build directory: tests/html/browser.js.
. "$(dirname "$0")/../lib/cli.sh"

here=$(cd "$(dirname "$0")/../html" && pwd)
build=$(realpath "${BUILD:-$(dirname "$SYSTEMSCOPE")}")
npm=$build/npm

skip() {
	echo "skip browser_html - $1"
	exit 0
}

chromium=$(command -v chromium) || skip "no chromium here"
command -v node >/dev/null && command -v npm >/dev/null || skip "no node and npm here"
if [ ! -d "$npm/node_modules/playwright-core" ]; then
	mkdir -p "$npm"
	(cd "$npm" && timeout 120 npm install --silent --no-fund --no-audit --prefix . playwright-core@1) \
		>"$scratch/npm" 2>&1 || skip "npm cannot fetch playwright-core"
fi
mkdir "$scratch/pages"
"$build/tests/pages" "$scratch/pages" || {
	not_ok pages "tests/pages failed"
	finish
}
NODE_PATH=$npm/node_modules timeout 600 node "$here/browser.js" "$chromium" "$scratch/pages" \
	${SCREENSHOTS:+"$SCREENSHOTS"} >"$scratch/cases" 2>"$scratch/errors"
code=$?
cat "$scratch/cases"
[ "$code" = 0 ] || [ "$code" = 1 ] || not_ok browser_html "exit code $code: $(tail -n 1 "$scratch/errors")"
grep -q '^not ok' "$scratch/cases" && failures=$((failures + 1))
finish
