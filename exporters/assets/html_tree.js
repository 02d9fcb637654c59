// SPDX-License-Identifier: MIT
// The trees of what is looked at. A tree is arrays by node; node 0 is all of it, and
// tree.children(node) are sorted, most time first.
'use strict';

function enlarge(old, type, length) {
	const array = new type(length);

	if (old)
		array.set(old);
	return array;
}

class Tree {
	constructor(p, picked, idents, roots) {
		this.p = p;
		this.picked = picked;
		this.idents = idents;
		this.roots = roots;
		this.count = 0;
		this.room = 0;
		this.sorted = new Map(); // children of those that were asked for
	}

	makeRoom(room) {
		this.parent = enlarge(this.parent, Int32Array, room);
		this.ident = enlarge(this.ident, Int32Array, room);
		this.frame = enlarge(this.frame, Int32Array, room); // one of its frames; -1: a root
		this.several = enlarge(this.several, Uint8Array, room); // it has frames of other lines too
		this.ns = enlarge(this.ns, Float64Array, room * STATES);
		this.room = room;
	}

	add(parent, ident, frame) {
		if (this.count === this.room)
			this.makeRoom(this.room * 2 || 1024);
		this.parent[this.count] = parent;
		this.ident[this.count] = ident;
		this.frame[this.count] = frame;
		return this.count++;
	}

	total(node) {
		const at = node * STATES, ns = this.ns;

		return ns[at + ON] + ns[at + RUNQ] + ns[at + OFF];
	}

	text(node) {
		return this.textOf(this.ident[node]);
	}

	textOf(ident) {
		const p = this.p, idents = this.idents;

		if (ident < 0)
			return 'all';
		if (ident >= idents.count)
			return this.roots.texts[ident - idents.count];
		const frame = idents.frame[ident], name = p.functionName[p.frameFunction[frame]];

		if (!idents.byLine || !p.frameLine[frame])
			return name;
		return name + ' ' + baseName(p.frameFile[frame]) + ':' + p.frameLine[frame];
	}

	children(node) {
		let list = this.sorted.get(node);

		if (!list) {
			list = this.sort(this.unsortedChildren(node));
			this.sorted.set(node, list);
		}
		return list;
	}

	// Most time first, of equals the one that was made first, as they come. Of many, their times are
	// sorted without asking us of each two, which is ten times as fast: functions may call thousands.
	sort(list) {
		if (list.length < 200)
			return list.sort((a, b) => this.total(b) - this.total(a) || a - b);
		const byTotal = new Map(), sorted = [];

		for (const node of list) {
			const total = this.total(node), same = byTotal.get(total);

			if (same)
				same.push(node);
			else
				byTotal.set(total, [node]);
		}
		for (const total of Float64Array.from(byTotal.keys()).sort().reverse()) {
			for (const node of byTotal.get(total))
				sorted.push(node);
		}
		return sorted;
	}

	depth(node) {
		let depth = 0;

		for (; node; node = this.parent[node])
			depth++;
		return depth;
	}

	// A node by the idents from the top, and back: the same in any tree of the profile.
	path(node) {
		const path = [];

		for (; node; node = this.parent[node])
			path.push(this.ident[node]);
		return path.reverse();
	}

	find(path) {
		let node = 0;

		for (const ident of path) {
			const next = this.children(node).find(child => this.ident[child] === ident);

			if (next === undefined)
				break;
			node = next;
		}
		return node;
	}
}

// From the root to the leaves. `top`: the tree of what the function with that ident calls.
class DownTree extends Tree {
	constructor(p, picked, idents, roots, top = -1) {
		super(p, picked, idents, top < 0 ? roots : null);
		this.top = top;
		this.makeRoom(idents.merged.count + 16);
		this.add(0, top, top < 0 ? -1 : idents.frame[top]);
		this.fill();
		this.passUp(this.ns);
		this.linkChildren();
	}

	// What callees have, their callers have too.
	passUp(amounts) {
		for (let node = this.count - 1; node > 0; node--) {
			const from = node * STATES, to = this.parent[node] * STATES;

			amounts[to + ON] += amounts[from + ON];
			amounts[to + RUNQ] += amounts[from + RUNQ];
			amounts[to + OFF] += amounts[from + OFF];
		}
	}

	// What is asked of single nodes is not counted before one is asked for.
	countDetails() {
		const events = this.picked.events;

		this.times = new Float64Array(this.count * STATES);
		this.self = new Float64Array(this.count);
		for (let k = 0; k < this.picked.count; k++) {
			const event = this.order[k], node = this.nodeOf[k];

			if (node >= 0) {
				this.times[node * STATES + events.state[event]] += events.times[event];
				this.self[node] += this.picked.ns[event];
			}
		}
		this.passUp(this.times);
	}

	// How many ticks, or waits.
	timesAt(node, state) {
		if (!this.times)
			this.countDetails();
		return this.times[node * STATES + state];
	}

	selfAt(node) {
		if (!this.times)
			this.countDetails();
		return this.self[node];
	}

	// Events by root; each of a root's stacks is followed upwards to where it is known already. Of a
	// function's callees, stacks are merged below it, by a table of children.
	fill() {
		const merged = this.idents.merged, events = this.picked.events, ns = this.picked.ns;
		const order = this.orderByRoot(), nodeOf = new Int32Array(this.picked.count);
		const seen = new Int32Array(merged.count).fill(-1), found = new Int32Array(merged.count);
		const way = new Int32Array(merged.count);
		let root = -1, rootNode = 0;

		for (let k = 0; k < this.picked.count; k++) {
			const event = order[k];
			const group = this.roots ? this.roots.of[events.thread[event]] : 0;
			let node = merged.of[events.node[event]], length = 0;

			if (group !== root) {
				root = group;
				if (this.roots)
					rootNode = this.add(0, this.idents.count + group, -1);
			}
			for (; node && seen[node] !== root; node = merged.parent[node])
				way[length++] = node;
			let at = node ? found[node] : this.top < 0 ? rootNode : -1;

			while (length) {
				node = way[--length];
				at = this.top < 0 ? this.addMerged(at, node) : this.addBelowTop(at, node);
				found[node] = at;
				seen[node] = root;
			}
			nodeOf[k] = at;
			if (at >= 0)
				this.ns[at * STATES + events.state[event]] += ns[event];
		}
		this.order = order;
		this.nodeOf = nodeOf;
	}

	addMerged(parent, node) {
		const merged = this.idents.merged, child = this.add(parent, merged.ident[node], merged.frame[node]);

		this.several[child] = merged.several[node];
		return child;
	}

	// -1: above it.
	addBelowTop(parent, node) {
		const merged = this.idents.merged, ident = merged.ident[node];

		if (parent < 0)
			return ident === this.top ? 0 : -1;
		this.below = this.below || new Map();
		const key = parent * this.idents.count + ident, known = this.below.get(key);

		if (known === undefined) {
			const child = this.addMerged(parent, node);

			this.below.set(key, child);
			return child;
		}
		this.several[known] |= merged.several[node] | (this.frame[known] !== merged.frame[node]);
		return known;
	}

	orderByRoot() {
		const events = this.picked.events, event = this.picked.event, count = this.picked.count;

		if (!this.roots)
			return event;
		const first = new Int32Array(this.roots.texts.length + 1), order = new Int32Array(count);

		for (let k = 0; k < count; k++)
			first[this.roots.of[events.thread[event[k]]] + 1]++;
		for (let i = 1; i < first.length; i++)
			first[i] += first[i - 1];
		for (let k = 0; k < count; k++)
			order[first[this.roots.of[events.thread[event[k]]]]++] = event[k];
		return order;
	}

	linkChildren() {
		this.firstChild = new Int32Array(this.count);
		this.nextChild = new Int32Array(this.count);
		for (let node = this.count - 1; node > 0; node--) {
			this.nextChild[node] = this.firstChild[this.parent[node]];
			this.firstChild[this.parent[node]] = node;
		}
	}

	unsortedChildren(node) {
		const list = [];

		for (let child = this.firstChild[node]; child; child = this.nextChild[child])
			list.push(child);
		return list;
	}
}

// From the leaves to the root, made as far as it is looked at: a whole one would have a node for
// each frame of each stack. `start`: for each node of the profile's tree, the one to begin with; 0:
// not in it. Of a callers' tree that is the function's caller, and `top` is the function.
class UpTree extends Tree {
	constructor(p, picked, idents, roots, top = -1) {
		super(p, picked, idents, roots);
		const events = picked.events, outermost = top < 0 ? null : findOutermost(p, idents, top);

		this.first = [0];
		this.end = [0];
		this.times = null;
		this.event = new Int32Array(picked.count); // a node's events are a stretch of these,
		this.cursor = new Int32Array(picked.count); // and these where their stacks go on; -1: nowhere
		this.child = new Int32Array(idents.count + (roots ? roots.texts.length : 0)); // of one node
		this.add(0, top, top < 0 ? -1 : idents.frame[top]);
		for (let k = 0; k < picked.count; k++) {
			const event = picked.event[k];
			let node = events.node[event];

			if (outermost) {
				if (!outermost[node])
					continue;
				node = p.nodeParent[outermost[node]];
			}
			this.event[this.end[0]] = event;
			this.cursor[this.end[0]++] = node;
			this.addTime(0, event);
		}
	}

	makeRoom(room) {
		super.makeRoom(room);
		this.times = enlarge(this.times, Float64Array, room * STATES);
	}

	timesAt(node, state) {
		return this.times[node * STATES + state];
	}

	addTime(node, event) {
		const at = node * STATES + this.picked.events.state[event];

		this.ns[at] += this.picked.ns[event];
		this.times[at] += this.picked.events.times[event];
	}

	identAt(k) {
		const node = this.cursor[k];

		if (node > 0)
			return this.idents.ofFrame[this.p.nodeFrame[node]];
		if (node < 0 || !this.roots)
			return -1;
		return this.idents.count + this.roots.of[this.picked.events.thread[this.event[k]]];
	}

	unsortedChildren(parent) {
		const first = this.first[parent], end = this.end[parent], p = this.p;
		const idents = new Int32Array(end - first), list = [];

		for (let k = first; k < end; k++) {
			const ident = this.identAt(k), cursor = this.cursor[k];
			const frame = cursor > 0 ? p.nodeFrame[cursor] : -1;
			let child;

			idents[k - first] = ident;
			if (ident < 0)
				continue;
			child = this.child[ident];
			if (!child) {
				child = this.add(parent, ident, frame);
				this.child[ident] = child;
				this.first[child] = 0;
				list.push(child);
			} else if (this.frame[child] !== frame) {
				this.several[child] = 1;
			}
			this.first[child]++;
			this.addTime(child, this.event[k]);
		}
		this.deal(first, end, list, idents);
		for (const child of list)
			this.child[this.ident[child]] = 0;
		return list;
	}

	// Sorts a parent's stretch by child, and moves on to their callers.
	deal(first, end, list, idents) {
		const event = this.event.slice(first, end), cursor = this.cursor.slice(first, end);
		let at = first;

		for (const child of list) {
			const size = this.first[child];

			this.first[child] = this.end[child] = at;
			at += size;
		}
		for (let k = 0; k < event.length; k++) {
			if (idents[k] < 0)
				continue;
			const to = this.end[this.child[idents[k]]]++;

			this.event[to] = event[k];
			this.cursor[to] = cursor[k] > 0 ? this.p.nodeParent[cursor[k]] : -1;
		}
	}
}

// For each node of the profile's tree: the outermost node with that ident on its way; 0: none.
function findOutermost(p, idents, ident) {
	const outermost = new Int32Array(p.nodeCount);

	for (let node = 1; node < p.nodeCount; node++) {
		outermost[node] = outermost[p.nodeParent[node]];
		if (!outermost[node] && idents.ofFrame[p.nodeFrame[node]] === ident)
			outermost[node] = node;
	}
	return outermost;
}
