#!/bin/sh
# SPDX-License-Identifier: MIT
# Flame graphs, read by tests/svg/read_svg.py: the folded file's times to the microsecond, frame by
# frame, in XML that can reach and run nothing. In a browser: tests/cli/browser_svg.sh.
. "$(dirname "$0")/../lib/cli.sh"

here=$(cd "$(dirname "$0")/../svg" && pwd)
pictures=$scratch/pictures
mkdir "$pictures"
make_pages=$(realpath "${BUILD:-$(dirname "$SYSTEMSCOPE")}")/tests/pages

check_picture() { # NAME: NAME.svg against NAME.folded
	if why=$(python3 "$here/read_svg.py" "$pictures/$1.svg" "$pictures/$1.folded" 2>&1); then
		ok "picture_$1"
	else
		not_ok "picture_$1" "$(echo "$why" | tail -n 1 | cut -c1-300)"
	fi
}

if "$make_pages" "$pictures"; then
	for picture in "$pictures"/*.svg; do
		check_picture "$(basename "$picture" .svg)"
	done
else
	not_ok pictures "tests/pages failed"
fi

# A reader that is not Python's, with its usual limits.
if command -v xmllint >/dev/null; then
	if why=$(xmllint --noout --nonet "$pictures"/*.svg 2>&1); then
		ok pictures_are_xml
	else
		not_ok pictures_are_xml "$(echo "$why" | head -n 1 | cut -c1-300)"
	fi
else
	echo "skip pictures_are_xml - no xmllint here"
fi

if needs_capture captured_picture; then
	run "$SYSTEMSCOPE" -q -d 0.5 -a -o x.svg -o x.folded
	if judge_success captured_picture 0 x.svg x.folded; then
		cp "$dir"/work/x.* "$pictures"
		check_picture x
	fi
fi
finish
