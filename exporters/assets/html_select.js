// SPDX-License-Identifier: MIT
// What is looked at (a filter), and what is summed up of it.
//
// A stack reads as a list of idents: small numbers that stand for functions, or for functions with
// their lines. Those of roots (threads, processes) come after them.
'use strict';

// --- what a frame reads as -------------------------------------------------------------------------

// By lines, or by functions: { count, ofFrame, frame: one of each, merged: see mergeStacks() }.
function makeIdents(p, byLine) {
	const count = byLine ? p.frameCount : p.functionCount, frame = new Int32Array(count);
	const ofFrame = byLine ? frame : p.frameFunction, idents = { count, ofFrame, frame, byLine };

	for (let i = p.frameCount - 1; i >= 0; i--)
		frame[byLine ? i : ofFrame[i]] = i;
	idents.merged = mergeStacks(p, idents);
	return idents;
}

// The profile's tree of stacks with nodes that read the same made one: { of: by node, count, and by
// number parent, ident, frame: one of theirs, several: there are others }. 0 is none, parent < number.
function mergeStacks(p, idents) {
	const size = 1 << Math.ceil(Math.log2(p.nodeCount * 2 + 2)), slots = new Int32Array(size);
	const merged = {
		of: new Int32Array(p.nodeCount), count: 1, parent: new Int32Array(p.nodeCount),
		ident: new Int32Array(p.nodeCount), frame: new Int32Array(p.nodeCount),
		several: new Uint8Array(p.nodeCount),
	};

	for (let node = 1; node < p.nodeCount; node++) {
		const parent = merged.of[p.nodeParent[node]], frame = p.nodeFrame[node];
		const ident = idents.ofFrame[frame];
		let at = Math.imul(Math.imul(parent, 0x9e3779b1) ^ ident, 0x85ebca6b);

		for (at = (at ^ at >>> 15) & (size - 1); slots[at]; at = (at + 1) & (size - 1)) {
			if (merged.parent[slots[at]] === parent && merged.ident[slots[at]] === ident)
				break;
		}
		if (!slots[at]) {
			slots[at] = merged.count;
			merged.parent[merged.count] = parent;
			merged.ident[merged.count] = ident;
			merged.frame[merged.count++] = frame;
		} else if (merged.frame[slots[at]] !== frame) {
			merged.several[slots[at]] = 1;
		}
		merged.of[node] = slots[at];
	}
	return merged;
}

// What stands at the root of a thread's stacks: { of: by thread, texts, count }.
function makeRoots(p, kind) {
	const known = new Map(), roots = { of: new Int32Array(p.threads.length), texts: [] };

	for (const thread of p.threads) {
		const process = p.processes[thread.process];
		let text = thread.comm || '?', key = text;

		if (kind === 'thread') {
			text += '-' + thread.pid + '/' + thread.tid;
			key = thread.index;
		} else if (kind === 'process') {
			text = (process.comm || '?') + '-' + process.pid;
			key = thread.process;
		} else if (kind === 'none') {
			return null;
		}
		if (!known.has(key)) {
			known.set(key, roots.texts.length);
			roots.texts.push(text);
		}
		roots.of[thread.index] = known.get(key);
	}
	return roots;
}

// --- the filter --------------------------------------------------------------------------------------

// Takes the events that `filter` lets pass, and sums what each of its choices stands for, whether it
// is taken or not: filter = { states: [3 booleans], reasons: Set of those left out, threads: null or
// a Set, idle: whether those that never ran are shown, range: null or [from, to) }.
function applyFilter(p, filter) {
	const events = filter.range ? p.intervals() : p.samples;
	const threadCount = p.threads.length;
	const listed = new Uint8Array(threadCount), taken = new Uint8Array(threadCount);
	const picked = {
		count: 0, event: new Int32Array(events.count), ns: events.ns, events, total: 0,
		byState: [0, 0, 0], ofState: [0, 0, 0], ofReason: new Map(),
		ofThread: new Float64Array(threadCount * STATES),
	};
	const [from, to] = filter.range || [0, Infinity];

	if (filter.range)
		picked.ns = new Float64Array(events.count);
	for (const thread of p.threads) {
		listed[thread.index] = filter.idle || !thread.idle;
		taken[thread.index] = listed[thread.index] &&
			(!filter.threads || filter.threads.has(thread.index));
	}
	for (let i = 0; i < events.count; i++) {
		const thread = events.thread[i], state = events.state[i], reason = events.reason[i];
		let ns = events.ns[i];

		if (!listed[thread])
			continue;
		if (filter.range) {
			const start = events.start[i];

			ns = Math.min(start + ns, to) - Math.max(start, from);
			if (ns <= 0)
				continue;
			picked.ns[i] = ns;
		}
		if (taken[thread]) {
			picked.ofState[state] += ns;
			if (state === OFF)
				picked.ofReason.set(reason, (picked.ofReason.get(reason) || 0) + ns);
		}
		if (!filter.states[state] || (state === OFF && filter.reasons.has(reason)))
			continue;
		picked.ofThread[thread * STATES + state] += ns;
		if (!taken[thread])
			continue;
		picked.byState[state] += ns;
		picked.total += ns;
		picked.event[picked.count++] = i;
	}
	return picked;
}

// --- functions and searches ---------------------------------------------------------------------------

// Which nodes are the outermost of their ident: a recursive function's time counts once.
function markOutermost(p, idents) {
	const first = new Int32Array(p.nodeCount), next = new Int32Array(p.nodeCount);
	const inside = new Int32Array(idents.count), outermost = new Uint8Array(p.nodeCount);
	let node = 0;

	for (let i = p.nodeCount - 1; i > 0; i--) {
		next[i] = first[p.nodeParent[i]];
		first[p.nodeParent[i]] = i;
	}
	// depth first: down, else to the next, else up until there is one
	for (;;) {
		if (first[node]) {
			node = first[node];
		} else {
			while (node && !next[node]) {
				node = p.nodeParent[node];
				if (node)
					inside[idents.ofFrame[p.nodeFrame[node]]]--;
			}
			if (!node)
				return outermost;
			node = next[node];
		}
		const ident = idents.ofFrame[p.nodeFrame[node]];

		outermost[node] = inside[ident] ? 0 : 1;
		if (first[node])
			inside[ident]++;
	}
}

// By ident: { self, ns (by state, of it and all it calls) }. `outermost` is markOutermost()'s.
function sumFunctions(p, picked, idents, outermost) {
	const nodeNs = new Float64Array(p.nodeCount * STATES), events = picked.events;
	const self = new Float64Array(idents.count), ns = new Float64Array(idents.count * STATES);

	for (let k = 0; k < picked.count; k++) {
		const event = picked.event[k], node = events.node[event];

		nodeNs[node * STATES + events.state[event]] += picked.ns[event];
		self[idents.ofFrame[p.nodeFrame[node]]] += picked.ns[event];
	}
	for (let node = p.nodeCount - 1; node > 0; node--) {
		const parent = p.nodeParent[node], ident = idents.ofFrame[p.nodeFrame[node]];

		for (let state = 0; state < STATES; state++) {
			const time = nodeNs[node * STATES + state];

			nodeNs[parent * STATES + state] += time;
			if (outermost[node])
				ns[ident * STATES + state] += time;
		}
	}
	return { self, ns };
}

// A search: which idents match, and the time of all stacks in which one does.
function searchFor(p, picked, idents, roots, text) {
	const needle = text.toLowerCase(), has = s => s.toLowerCase().includes(needle);
	const inFunction = Uint8Array.from(p.functionName, (name, i) =>
		has(name) || has(p.functionImage[i]));
	const inRoot = roots ? roots.texts.map(has) : [];
	const match = new Uint8Array(idents.count + inRoot.length);
	const inNode = new Uint8Array(p.nodeCount);
	let ns = 0;

	for (let i = 0; i < p.frameCount; i++) {
		if (inFunction[p.frameFunction[i]] ||
		    (idents.byLine && has(p.frameFile[i] + ':' + p.frameLine[i])))
			match[idents.ofFrame[i]] = 1;
	}
	inRoot.forEach((found, i) => { match[idents.count + i] = found; });
	for (let node = 1; node < p.nodeCount; node++)
		inNode[node] = inNode[p.nodeParent[node]] | match[idents.ofFrame[p.nodeFrame[node]]];
	for (let k = 0; k < picked.count; k++) {
		const event = picked.event[k];

		if (inNode[picked.events.node[event]] ||
		    (roots && inRoot[roots.of[picked.events.thread[event]]]))
			ns += picked.ns[event];
	}
	return { match, ns };
}
