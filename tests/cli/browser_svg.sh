#!/bin/sh
# SPDX-License-Identifier: MIT
# Flame graphs in a browser: tests/svg/browser.js.
. "$(dirname "$0")/../lib/cli.sh"
. "$(dirname "$0")/../lib/browser.sh"

golden=$(cd "$(dirname "$0")/../golden" && pwd)
make_pages browser_svg
run "$SYSTEMSCOPE" diff "$golden/plain.scope" "$golden/blocked.scope" -o x.svg -o x.folded
judge_success difference 0 x.svg x.folded || finish
mv "$dir/work/x.svg" "$scratch/pages/difference.svg"
mv "$dir/work/x.folded" "$scratch/pages/difference.folded"
browse browser_svg "$(dirname "$0")/../svg/browser.js"
