// SPDX-License-Identifier: MIT
//
// speedscope.js PACKAGE FILE - what speedscope's own importer makes of FILE, as JSON on stdout. PACKAGE
// is where npm put its package, which has the page's script and no library: the script is run in a
// context without a page, after which its first attempt to draw fails; the importer is what it
// exports by that name before.
"use strict";
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const [, , directory, file] = process.argv;
const release = path.join(directory, "dist", "release");
const script = fs.readdirSync(release).find((name) => /^speedscope-.*\.js$/.test(name));
let importer = null;

const context = vm.createContext({
	console: { log() {}, warn() {}, error: console.error },
	setTimeout,
	TextDecoder,
	TextEncoder,
	URL,
	performance,
});
context.window = context.self = context;
context.location = { hash: "", href: "", protocol: "file:" };
context.localStorage = { getItem: () => null, setItem() {} };
context.navigator = { userAgent: "", platform: "" };
context.importerIs = (get) => (importer = get);
vm.runInContext(
	`{
		const define = Object.defineProperty;
		Object.defineProperty = (object, key, what) => {
			if (key === "importProfileGroupFromText")
				importerIs(what.get);
			return define(object, key, what);
		};
	}`,
	context
);
try {
	vm.runInContext(fs.readFileSync(path.join(release, script), "utf8"), context);
} catch (error) {
	if (!importer)
		throw error;
}

// A profile's frames with their times, and its stacks: names from the root on, and their own weight.
function describe(profile) {
	const frames = [];
	const stacks = new Map();
	const open = [];
	let last = 0;

	profile.forEachFrame((frame) => {
		frames.push({
			name: frame.name,
			file: frame.file,
			line: frame.line,
			self: frame.getSelfWeight(),
			total: frame.getTotalWeight(),
		});
	});
	const passed = (value) => {
		if (value > last && open.length) {
			const key = JSON.stringify(open);
			stacks.set(key, (stacks.get(key) || 0) + value - last);
		}
		last = value;
	};
	profile.forEachCall(
		(node, value) => {
			passed(value);
			open.push(node.frame.name);
		},
		(node, value) => {
			passed(value);
			open.pop();
		}
	);
	return {
		name: profile.getName(),
		unit: profile.getWeightUnit(),
		total: profile.getTotalWeight(),
		frames,
		stacks: [...stacks].map(([key, weight]) => ({ stack: JSON.parse(key), weight })),
	};
}

async function main() {
	await new Promise(setImmediate); /* what the script left to be done */
	const group = await importer()(path.basename(file), fs.readFileSync(file, "utf8"));

	if (!group)
		throw new Error("speedscope recognizes no format in it");
	console.log(
		JSON.stringify({
			name: group.name,
			indexToView: group.indexToView,
			profiles: group.profiles.map(describe),
		})
	);
}

main().catch((error) => {
	console.error(String(error).slice(0, 1000));
	process.exitCode = 1;
});
