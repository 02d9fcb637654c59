# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# speedscope.sh - sourced behind cli.sh: speedscope's npm package, whose importer tests/lib/speedscope.js
# runs. Fetched once into the build directory.

speedscope_version=1.25.0

# Sets $speedscope to the package; or says in $why_not why there is none.
fetch_speedscope() {
	modules=$(realpath "${BUILD:-$(dirname "$SYSTEMSCOPE")}")/npm/speedscope-$speedscope_version
	speedscope=$modules/node_modules/speedscope
	if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
		why_not="no node, or no npm: make test-packages"
		return 1
	fi
	[ ! -d "$speedscope/dist/release" ] || return 0
	mkdir -p "$modules"
	if ! HOME=$scratch timeout 120 npm install --prefix "$modules" --no-save --no-audit --no-fund \
		--ignore-scripts "speedscope@$speedscope_version" >"$scratch/npm" 2>&1; then
		why_not="npm cannot fetch speedscope@$speedscope_version: $(tail -n 1 "$scratch/npm")"
		return 1
	fi
}
