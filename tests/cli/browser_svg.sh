#!/bin/sh
# SPDX-License-Identifier: MIT
# Flame graphs in a browser (Debian's chromium, without a window), driven by playwright-core of npm,
# which is fetched once into the build directory: tests/svg/browser.js.
. "$(dirname "$0")/../lib/cli.sh"

here=$(cd "$(dirname "$0")/../svg" && pwd)
build=$(realpath "${BUILD:-$(dirname "$SYSTEMSCOPE")}")
npm=$build/npm

skip() {
	echo "skip browser_svg - $1"
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
	not_ok pictures "tests/pages failed"
	finish
}
golden=$here/../golden
run "$SYSTEMSCOPE" diff "$golden/plain.scope" "$golden/blocked.scope" -o x.svg -o x.folded
judge_success difference 0 x.svg x.folded || finish
mv "$dir/work/x.svg" "$scratch/pages/difference.svg"
mv "$dir/work/x.folded" "$scratch/pages/difference.folded"
NODE_PATH=$npm/node_modules timeout 600 node "$here/browser.js" "$chromium" "$scratch/pages" \
	${SCREENSHOTS:+"$SCREENSHOTS"} >"$scratch/cases" 2>"$scratch/errors"
code=$?
cat "$scratch/cases"
[ "$code" = 0 ] || [ "$code" = 1 ] || not_ok browser_svg "exit code $code: $(tail -n 1 "$scratch/errors")"
grep -q '^not ok' "$scratch/cases" && failures=$((failures + 1))
finish
