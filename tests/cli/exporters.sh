#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What exporters need for a million samples over a hundred thousand stacks: no more than twice the
# memory of the profile. Times are shown, and decide nothing.
. "$(dirname "$0")/../lib/cli.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$(dirname "$SYSTEMSCOPE")}
case $build in
/*) ;;
*) build=$root/$build ;;
esac
if [ ! -x "$build/bench/exporters" ]; then
	echo "skip memory - no $build/bench/exporters: make test-programs"
	finish
fi
"$build/bench/exporters" -r 1 >"$scratch/costs" || not_ok costs "$(tail -n 1 "$scratch/costs")"
sed 's/^/# /' "$scratch/costs"
sed 1d "$scratch/costs" | awk '{ print $1, $(NF - 3) }' >"$scratch/memory"
while read -r exporter times; do
	if awk "BEGIN { exit !($times <= 2) }"; then
		ok "memory_of_$exporter"
	else
		not_ok "memory_of_$exporter" "$times x the profile"
	fi
done <"$scratch/memory"
finish
