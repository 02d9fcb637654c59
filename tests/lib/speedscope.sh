# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# speedscope.sh - sourced behind cli.sh: speedscope's npm package, whose importer tests/lib/speedscope.js
# runs.

. "$(dirname "$0")/../lib/npm.sh"

# Sets $speedscope to the package; or says in $why_not why there is none.
fetch_speedscope() {
	fetch_npm speedscope 1.25.0 && speedscope=$npm_modules/speedscope
}
