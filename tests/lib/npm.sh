# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# npm.sh - sourced behind cli.sh: packages of npm, which are fetched once into the build directory.

# fetch_npm PACKAGE VERSION: $npm_modules then has it; or $why_not says why there is none.
fetch_npm() {
	npm_place=$(realpath "${BUILD:-$(dirname "$SYSTEMSCOPE")}")/npm/$1-$2
	npm_modules=$npm_place/node_modules
	if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
		why_not="no node, or no npm: make test-packages"
		return 1
	fi
	[ ! -f "$npm_modules/$1/package.json" ] || return 0
	mkdir -p "$npm_place"
	if ! HOME=$scratch timeout 120 npm install --prefix "$npm_place" --no-save --no-audit --no-fund \
		--ignore-scripts "$1@$2" >"$scratch/npm" 2>&1; then
		why_not="npm cannot fetch $1@$2: $(tail -n 1 "$scratch/npm")"
		return 1
	fi
}
