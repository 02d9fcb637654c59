#!/bin/sh
# SPDX-License-Identifier: MIT
# Pages, read by tests/html/read_page.py: they carry the JSON exporter's times to the nanosecond, and
# can neither fetch anything nor run what a name says. In a browser: tests/cli/browser_html.sh.
. "$(dirname "$0")/../lib/cli.sh"

here=$(cd "$(dirname "$0")/../html" && pwd)
pages=$scratch/pages
mkdir "$pages"
make_pages=$(realpath "${BUILD:-$(dirname "$SYSTEMSCOPE")}")/tests/pages

check_page() { # NAME JSON-OR-FOLDED...: NAME.html against them
	name=$1
	shift
	if why=$(python3 "$here/read_page.py" "$pages/$name.html" "$@" 2>&1); then
		ok "page_$name"
	else
		not_ok "page_$name" "$(echo "$why" | tail -n 1 | cut -c1-300)"
	fi
}

if "$make_pages" "$pages"; then
	for page in "$pages"/*.html; do
		check_page "$(basename "$page" .html)" "${page%.html}.json"
	done
	check_page many-100000 "$pages/many-100000.json" "$pages/many-100000.folded"
else
	not_ok pages "tests/pages failed"
fi

if needs_capture captured_page; then
	run "$SYSTEMSCOPE" -q -d 0.5 -a -o page.html -o page.json -o page.folded
	if judge_success captured_page 0 page.html page.json page.folded; then
		cp "$dir"/work/page.* "$pages"
		check_page page "$pages/page.json" "$pages/page.folded"
	fi
fi
finish
