// SPDX-License-Identifier: MIT
// The profile as typed arrays, read from the page's data block (docs/formats.md, "html"), and
// quantities as text. Times are nanoseconds.
'use strict';

const ON = 0, RUNQ = 1, OFF = 2, STATES = 3;
const STATE_NAMES = ['On CPU', 'Run queue', 'Blocked'];
const KIND_KERNEL = 1, KIND_LABEL = 2;
const THREAD_KERNEL = 1, THREAD_NEVER_RAN = 2, THREAD_ESTIMATED = 4;

const DIGITS = (() => {
	const digits = new Uint8Array(128);
	const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

	for (let i = 0; i < alphabet.length; i++)
		digits[alphabet.charCodeAt(i)] = i;
	return digits;
})();

// The numbers of a table, one after the other.
class Reader {
	constructor(text) {
		this.text = text;
		this.at = 0;
	}

	more() {
		return this.at < this.text.length;
	}

	// Not by shifts: times have more than 32 bits.
	next() {
		let value = 0, scale = 1;

		for (;;) {
			const digit = DIGITS[this.text.charCodeAt(this.at++)];

			if (digit < 32)
				return value + digit * scale;
			value += (digit - 32) * scale;
			scale *= 32;
		}
	}

	signed() {
		const value = this.next();

		return value % 2 ? -(value + 1) / 2 : value / 2;
	}

	// How many rows of `columns` numbers there can be at most.
	rows(columns) {
		return Math.floor(this.text.length / columns);
	}
}

function readRows(text, columns) {
	const reader = new Reader(text), table = [];

	while (reader.more()) {
		const row = [];

		for (let i = 0; i < columns; i++)
			row.push(reader.next());
		table.push(row);
	}
	return table;
}

// A name that reads as one where there is none, and lines of its own for two of ours.
function readFunctions(p, data) {
	const rows = readRows(data.functions, 2), more = ['[no stack]', '[on-CPU, not sampled]'];

	p.functionCount = rows.length + more.length;
	p.functionName = rows.map(row => p.strings[row[0]] || '?').concat(more);
	p.functionImage = rows.map(row => p.images[Math.floor(row[1] / 8)]).concat('', '');
	p.functionKind = rows.map(row => row[1] & 3).concat(KIND_LABEL, KIND_LABEL);
}

function readFrames(p, data) {
	const rows = readRows(data.frames, 3), more = [p.functionCount - 2, p.functionCount - 1];

	p.frameCount = rows.length + more.length;
	p.frameFunction = Int32Array.from(rows.map(row => row[0]).concat(more));
	p.frameFile = rows.map(row => p.strings[Math.floor(row[1] / 2)]).concat('', '');
	p.frameInlined = Uint8Array.from(rows.map(row => row[1] % 2).concat(0, 0));
	p.frameLine = rows.map(row => row[2]).concat(0, 0);
}

// Nodes of the tree of stacks: parent < node; 0 is none. Two more stand where no stack is known.
function readStacks(p, data) {
	const reader = new Reader(data.stacks), room = reader.rows(2) + 3;
	let count = 1;

	p.nodeParent = new Int32Array(room);
	p.nodeFrame = new Int32Array(room);
	while (reader.more()) {
		p.nodeParent[count] = count - reader.next();
		p.nodeFrame[count++] = reader.next();
	}
	p.noStack = count;
	p.nodeFrame[count++] = p.frameCount - 2;
	p.notSampled = count;
	p.nodeFrame[count++] = p.frameCount - 1;
	p.nodeCount = count;
}

function readThreads(p, data) {
	const reader = new Reader(data.threads);

	p.processes = readRows(data.processes, 3).map(row => (
		{ pid: row[0], comm: p.strings[row[1]], exe: p.strings[row[2]] }));
	p.threads = [];
	while (reader.more()) {
		const thread = {
			index: p.threads.length, process: reader.next(), tid: reader.next(),
			comm: p.strings[reader.next()], flags: reader.next(), born: reader.signed(),
			alive: reader.next(), ns: [reader.next(), reader.next(), reader.next()],
			residual: reader.signed(), switches: reader.next(),
		};

		thread.pid = p.processes[thread.process].pid;
		thread.idle = (thread.flags & THREAD_NEVER_RAN) !== 0;
		p.threads.push(thread);
	}
}

// What time there is, and where: samples, or intervals, which also have a start.
function makeEvents(room) {
	return {
		count: 0, thread: new Int32Array(room), state: new Uint8Array(room),
		reason: new Int32Array(room), node: new Int32Array(room),
		ns: new Float64Array(room), times: new Float64Array(room), start: null,
	};
}

function readSamples(p, text) {
	const reader = new Reader(text), events = makeEvents(reader.rows(3));
	let at = 0;

	while (reader.more()) {
		const thread = reader.next(), state = reader.next(), reason = reader.next();
		let node = 0;

		for (let left = reader.next(); left > 0; left--, at++) {
			node += reader.signed();
			events.thread[at] = thread;
			events.state[at] = state;
			events.reason[at] = reason;
			events.node[at] = node || p.noStack;
			events.ns[at] = reader.next();
			events.times[at] = reader.next();
		}
	}
	events.count = at;
	return events;
}

function readIntervals(p, text) {
	const reader = new Reader(text), room = reader.rows(4), events = makeEvents(room);
	let at = 0;

	events.start = new Float64Array(room);
	while (reader.more()) {
		const thread = reader.next();
		let node = 0, time = 0;

		for (let left = reader.next(); left > 0; left--, at++) {
			events.thread[at] = thread;
			time += reader.next();
			events.start[at] = time;
			events.ns[at] = reader.next();
			time += events.ns[at];
			const what = reader.next();
			node += reader.signed();
			events.state[at] = what % STATES;
			events.reason[at] = Math.floor(what / STATES);
			events.node[at] = node || (events.state[at] === ON ? p.notSampled : p.noStack);
			events.times[at] = 1;
		}
	}
	events.count = at;
	return events;
}

function readProfile(text) {
	const data = JSON.parse(text), p = { head: data, strings: data.strings };

	p.images = readRows(data.images, 1).map(row => p.strings[row[0]]);
	readFunctions(p, data);
	readFrames(p, data);
	readStacks(p, data);
	readThreads(p, data);
	p.samples = readSamples(p, data.samples);
	p.hasTimeline = data.intervals !== undefined;
	// not before it is looked at: there may be millions
	p.intervals = () => {
		p.intervals_ = p.intervals_ || readIntervals(p, data.intervals);
		return p.intervals_;
	};
	return p;
}

// --- quantities as text, in the words of the program's summary -----------------------------------

function formatDuration(ns) {
	const units = [[1e9, 's'], [1e6, 'ms'], [1e3, 'us']];

	if (ns >= 1e12 - 5e8) {
		const minutes = Math.floor(ns / 6e10);

		if (minutes < 100)
			return minutes + ' min ' + String(Math.floor(ns / 1e9) % 60).padStart(2, '0') + ' s';
		return Math.floor(minutes / 60) + ' h ' + String(minutes % 60).padStart(2, '0') + ' min';
	}
	for (const [size, name] of units) {
		// what rounds to 1000 of a unit is one of the next
		if (ns >= size * 0.9995 && ns >= 1000 * 0.9995) {
			const value = ns / size;

			return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + ' ' + name;
		}
	}
	return Math.round(ns) + ' ns';
}

// 1234567 as "1 234 567 ns": what is exact, for those who want to see it.
function formatExact(ns) {
	return String(Math.round(ns)).replace(/\B(?=(\d{3})+$)/g, '\u202f') + ' ns';
}

function formatShare(part, whole) {
	const percent = 100 * part / whole;

	if (!(whole > 0))
		return '-';
	if (part === 0 || part === whole)
		return part ? '100 %' : '0 %';
	if (percent < 0.1)
		return '<0.1 %';
	if (percent > 99.9 && part < whole)
		return '>99.9 %';
	return percent.toFixed(1) + ' %';
}

function baseName(path) {
	return path.slice(path.lastIndexOf('/') + 1) || path;
}
