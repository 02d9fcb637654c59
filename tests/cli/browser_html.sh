#!/bin/sh
# SPDX-License-Identifier: MIT
# Pages in a browser: tests/html/browser.js.
. "$(dirname "$0")/../lib/cli.sh"
. "$(dirname "$0")/../lib/browser.sh"

make_pages browser_html
browse browser_html "$(dirname "$0")/../html/browser.js"
