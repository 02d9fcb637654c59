// SPDX-License-Identifier: MIT
// What the flame graph is of: reads the stacks in <metadata> (docs/formats.md) and makes trees of them.
const flame = (() => {
'use strict';

const STATES = 3; // on CPU, run queue, blocked
const profile = document.documentElement.querySelector('metadata').firstElementChild;
const number = (name) => Number(profile.getAttribute(name) || 0);
const sections = (tag) => Array.from(profile.children).filter((e) => e.localName === tag);
const compared = profile.hasAttribute('window-after-ns');
const colours = profile.getAttribute('colours').split(' ').map((colour) => colour.split(',').map(Number));
const columns = compared ? 2 * STATES : STATES;
// Of two profiles, what a microsecond of each counts: time per second of the window.
const weights = compared ? ['window-ns', 'window-after-ns'].map((w) => 1e9 / (number(w) || 1e9)) : [1];

// --- the data ------------------------------------------------------------------------------------

const table = (tag) => sections(tag).map((e) => e.textContent).join('').split('\n').slice(0, -1);
const paths = table('paths');
const names = table('names').map((line) => line.split('\t'));

const stackCount = number('stacks');
const first = new Int32Array(stackCount + 1); // of a stack, in `frames`
const frames = new Int32Array(number('frames'));
const times = Array.from({ length: columns }, () => new Float64Array(stackCount));
let activeCount = 0; // stacks; those of idle threads are behind them

function readStacks() {
	let stack = 0, end = 0;
	for (const element of sections('stacks')) {
		const text = element.textContent, idle = element.hasAttribute('idle');
		let i = 0, value, c;
		const read = () => { // up to a character below '0': a blank, '/', ',' or the line's end
			value = 0;
			while ((c = text.charCodeAt(i++)) >= 48)
				value = value * 10 + c - 48;
			return value;
		};
		while (i < text.length) {
			const kept = read(), begin = end;
			if (kept) {
				frames.copyWithin(end, first[stack - 1], first[stack - 1] + kept);
				end += kept;
			}
			first[stack] = begin;
			while (c === 32) {
				read();
				frames[end++] = value;
			}
			for (let column = 0; c !== 10; column++)
				times[column][stack] = read();
			first[++stack] = end;
		}
		if (!idle)
			activeCount = stack;
	}
}

function weigh(us) {
	let sum = us[0] + us[1] + us[2];
	if (compared)
		sum = sum * weights[0] + (us[3] + us[4] + us[5]) * weights[1];
	return sum;
}

// --- the tree ------------------------------------------------------------------------------------
// Stacks in the order of their names, from the root or from the leaf. A node is a range of them, which
// read the same down to it; its children are found when somebody looks at it.

function makeNode(parent, name) {
	return { parent, name, depth: parent ? parent.depth + 1 : 0, from: 0, to: 0, x: 0, weight: 0,
		us: null, kids: null, merged: 0 };
}

// How many names two stacks share, counted from where the tree begins.
function countShared(a, b, inverted) {
	const step = inverted ? -1 : 1;
	let i = inverted ? first[a + 1] - 1 : first[a], j = inverted ? first[b + 1] - 1 : first[b], shared = 0;
	const least = Math.min(first[a + 1] - first[a], first[b + 1] - first[b]);
	for (; shared < least && frames[i] === frames[j]; i += step, j += step)
		shared++;
	return shared;
}

const nameAt = (stack, depth, inverted) =>
	frames[inverted ? first[stack + 1] - 1 - depth : first[stack] + depth];

function compareStacks(a, b, inverted) {
	const shared = countShared(a, b, inverted), aEnds = first[a] + shared === first[a + 1];
	if (aEnds || first[b] + shared === first[b + 1])
		return aEnds ? (first[b] + shared === first[b + 1] ? a - b : -1) : 1;
	return nameAt(a, shared, inverted) - nameAt(b, shared, inverted);
}

function makeTree(inverted, idle) {
	const count = idle ? stackCount : activeCount, order = Int32Array.from({ length: count }, (_, i) => i);
	const shared = new Uint16Array(count); // with the stack before
	const sums = times.map(() => new Float64Array(count + 1)); // of all stacks before
	const heavy = new Float64Array(count + 1); // the same, weighted and of all columns
	if (inverted || count > activeCount && activeCount) // else they are in order
		order.sort((a, b) => compareStacks(a, b, inverted));
	for (let i = 0; i < count; i++) {
		if (i)
			shared[i] = countShared(order[i - 1], order[i], inverted);
		sums.forEach((sum, column) => {
			sum[i + 1] = sum[i] + times[column][order[i]];
		});
		heavy[i + 1] = weigh(sums.map((sum) => sum[i + 1]));
	}
	const tree = { inverted, order, shared, sums, heavy, whole: makeNode(null, -1), most: 0 };
	endNode(tree, tree.whole, count);
	return tree;
}

function endNode(tree, node, to) {
	node.to = to;
	node.weight = tree.heavy[to] - tree.heavy[node.from];
}

// The times of a node, which few are asked for.
function usOf(tree, node) {
	node.us = node.us || tree.sums.map((sum) => sum[node.to] - sum[node.from]);
	return node.us;
}

// Stacks that end here come first; they are no child's, and are drawn to the right of all of them.
function expand(tree, node) {
	const depth = node.depth, order = tree.order, kids = [];
	let at = node.from, x = node.x, kid = null;
	while (at < node.to && first[order[at] + 1] - first[order[at]] <= depth)
		at++;
	for (let i = at; i <= node.to; i++) {
		if (kid && i < node.to && tree.shared[i] > depth)
			continue;
		if (kid) {
			endNode(tree, kid, i);
			x += kid.weight;
		}
		if (i < node.to) {
			kid = makeNode(node, nameAt(order[i], depth, tree.inverted));
			kid.from = i;
			kid.x = x;
			kids.push(kid);
		}
	}
	node.kids = kids;
}

const kidsOf = (tree, node) => {
	if (!node.kids && !node.merged)
		expand(tree, node);
	return node.kids || [];
};

// --- what is in view -----------------------------------------------------------------------------

// A block of neighbours, each too narrow to be drawn.
function addNarrow(tree, block, kid, parent) {
	const node = block || Object.assign(makeNode(parent, -1), { x: kid.x, from: kid.from });
	endNode(tree, node, kid.to);
	node.merged++;
	return node;
}

// The children that are in view; `least` is the least weight that is drawn.
function seenKids(tree, node, from, to, least, result) {
	const kept = [];
	let narrow = null;
	const endNarrow = () => {
		if (narrow && narrow.weight >= least)
			kept.push(narrow);
		if (narrow) {
			result.hidden += narrow.weight;
			result.hiddenFrames += narrow.merged;
		}
		narrow = null;
	};
	for (const kid of kidsOf(tree, node)) {
		if (kid.x >= to)
			break;
		if (kid.x + kid.weight <= from)
			continue;
		if (kid.weight < least) {
			narrow = addNarrow(tree, narrow, kid, node);
		} else {
			endNarrow();
			kept.push(kid);
		}
	}
	endNarrow();
	return kept;
}

// Boxes by depth, from left to right: all that lies from weight `from` to `to`, drawn between the pixels
// `left` and `right`; and how much of it lies under frames narrower than `least` pixels.
function layOut(tree, from, to, left, right, least) {
	const scale = (right - left) / (to - from), todo = [tree.whole];
	const result = { rows: [], hidden: 0, hiddenFrames: 0, seen: to - from };
	while (to > from && todo.length) {
		const node = todo.pop(), kept = seenKids(tree, node, from, to, least / scale, result);
		(result.rows[node.depth] = result.rows[node.depth] || []).push({
			node,
			left: left + (Math.max(node.x, from) - from) * scale,
			right: left + (Math.min(node.x + node.weight, to) - from) * scale,
		});
		while (kept.length)
			todo.push(kept.pop());
	}
	return result;
}

// --- search --------------------------------------------------------------------------------------

// Names that match, and the time of all stacks that have one of them.
function search(text, idle) {
	let test;
	try {
		const pattern = new RegExp(text, /[A-Z]/.test(text) ? 'u' : 'iu');
		test = (name) => pattern.test(name);
	} catch (error) { // not a pattern: as it stands
		test = (name) => name.includes(text);
	}
	const hits = Uint8Array.from(names, (name) => test(name[0]) ? 1 : 0);
	const us = new Array(columns).fill(0), count = idle ? stackCount : activeCount;
	for (let stack = 0; stack < count; stack++) {
		for (let i = first[stack]; i < first[stack + 1]; i++) {
			if (hits[frames[i]]) {
				times.forEach((time, column) => {
					us[column] += time[stack];
				});
				break;
			}
		}
	}
	return { hits, us, nameCount: hits.reduce((sum, hit) => sum + hit, 0) };
}

return {
	number, compared, colours, columns, weights, names, paths, stackCount, readStacks, weigh, makeTree, usOf,
	layOut, search, activeCount: () => activeCount,
};
})();
