// SPDX-License-Identifier: MIT
// What stands beside the views: the choices of the filter with their times, the threads, what is
// known of a frame, and of the capture.
'use strict';

const byId = id => document.getElementById(id);

// --- the filter's choices -------------------------------------------------------------------------

// One choice: a box to tick, its time and its share; `only` takes it and none of the others.
function makeChoice(choice) {
	const box = make('input', { type: 'checkbox', checked: choice.on, disabled: choice.absent === true });
	const only = make('button', { type: 'button', className: 'only', textContent: 'only',
				      title: 'This and no other' });

	box.addEventListener('change', () => choice.toggle(box.checked));
	only.addEventListener('click', choice.only);
	box.dataset.key = choice.key;
	return make('div', { className: 'choice' },
		    make('label', {}, box, choice.swatch || null, make('span', { className: 'what' }, choice.name)),
		    make('span', { className: 'time' }, choice.absent ? 'not recorded' : formatDuration(choice.ns)),
		    make('span', { className: 'share' }, formatShare(choice.ns, choice.whole)), only);
}

// Ticking a box makes the list anew: the box of the same name has the focus then.
function showChoices(list, choices) {
	const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : null;

	list.replaceChildren(...choices.map(makeChoice));
	if (focused)
		[...list.querySelectorAll('input')].find(box => box.dataset.key === focused)?.focus();
}

function swatchOf(state) {
	return make('i', { className: 'swatch state' + state, 'aria-hidden': 'true' });
}

function showStates(p, filter, picked, change) {
	const whole = picked.ofState[ON] + picked.ofState[RUNQ] + picked.ofState[OFF];

	byId('total').textContent = formatDuration(picked.total) + ' of ' + formatDuration(whole);
	byId('total').title = formatExact(picked.total);
	showChoices(byId('states'), STATE_NAMES.map((name, state) => ({
		key: name, name, swatch: swatchOf(state), on: filter.states[state] && Boolean(p.head.states[state]),
		absent: !p.head.states[state], ns: picked.ofState[state], whole,
		toggle: on => change({ states: filter.states.map((old, i) => i === state ? on : old) }),
		only: () => change({ states: filter.states.map((old, i) => i === state) }),
	})));
}

function showReasons(p, filter, picked, change) {
	const times = [...picked.ofReason].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
	const known = times.map(([reason]) => reason);

	// what is left out stays in sight, so that it can be taken in again
	for (const reason of filter.reasons) {
		if (!picked.ofReason.has(reason))
			times.push([reason, 0]);
	}
	byId('reasons-title').hidden = !times.length;
	showChoices(byId('reasons'), times.map(([reason, ns]) => ({
		key: 'reason ' + reason, name: makeName(p.strings[reason] || '(no reason)'),
		on: filter.states[OFF] && !filter.reasons.has(reason), ns, whole: picked.ofState[OFF],
		toggle: on => {
			// while blocked time is not shown, to tick one reason is to ask for that one
			const left = new Set(filter.states[OFF] ? filter.reasons : known);

			if (on)
				left.delete(reason);
			else
				left.add(reason);
			change({ reasons: [...left], states: on ? [filter.states[ON], filter.states[RUNQ], true] :
				 filter.states });
		},
		only: () => change({ reasons: known.filter(other => other !== reason),
				     states: [false, false, true] }),
	})));
}

function showRange(filter, change) {
	const box = byId('range');

	box.hidden = !filter.range;
	if (!filter.range)
		return;
	const [from, to] = filter.range, all = make('button', { type: 'button', textContent: 'all' });

	all.addEventListener('click', () => change({ range: null }));
	box.replaceChildren('From ' + formatDuration(from) + ' to ' + formatDuration(to) + ' (' +
			    formatDuration(to - from) + ') ', all);
}

// --- threads -----------------------------------------------------------------------------------------

function makeThreadTable(chosen, pick) {
	return new RowTable(byId('threads'), 'Threads', [
		{ key: 'thread', title: 'thread', value: row => row.thread.comm,
		  cells: row => [makeName(row.thread.comm || '?', threadTitle(row)), ' ',
				 make('span', { className: 'tid' }, String(row.thread.tid))] },
		{ key: 'split', title: 'active', number: true, first: true, value: row => row.ns[ON] + row.ns[RUNQ],
		  cells: row => [makeBar(row.ns, 0, row.total)] },
		{ key: 'time', title: 'time', number: true, value: row => row.total,
		  cells: row => [formatDuration(row.total)] },
		{ key: 'share', title: 'share', number: true, value: row => row.total,
		  cells: row => [formatShare(row.total, row.whole)] },
	], { chosen, pick });
}

function threadTitle(row) {
	const thread = row.thread;

	return thread.comm + '\nprocess ' + thread.pid + ' (' + row.process.comm + ') ' + row.process.exe +
		'\nthread ' + thread.tid + (thread.flags & THREAD_KERNEL ? ', of the kernel' : '') +
		'\n' + STATE_NAMES.map((name, state) => name + ' ' + formatDuration(thread.ns[state])).join(', ') +
		'\nlived ' + formatDuration(thread.alive) + ', left a CPU ' + thread.switches + ' times' +
		(thread.flags & THREAD_ESTIMATED ?
		 '\nno tick hit it: its on-CPU stacks are those of its peers' : '');
}

// In the order that is kept where the table's is a tie.
function listThreads(p, filter, picked) {
	const rows = [];
	let whole = 0;

	for (const thread of p.threads) {
		if (thread.idle && !filter.idle)
			continue;
		const ns = Array.from(picked.ofThread.subarray(thread.index * STATES, thread.index * STATES + STATES));
		const total = ns[ON] + ns[RUNQ] + ns[OFF];

		whole += total;
		rows.push({ thread, ns, total, process: p.processes[thread.process],
			    dim: filter.threads !== null && !filter.threads.has(thread.index) });
	}
	rows.sort((a, b) => b.total - a.total || a.thread.index - b.thread.index);
	rows.forEach((row, i) => { row.whole = whole; row.order = i; });
	return rows;
}

function showIdle(p, filter, change) {
	const count = p.threads.filter(thread => thread.idle).length, box = byId('idle');
	const button = make('button', { type: 'button', textContent: filter.idle ? 'hide' : 'show' });
	const things = count === 1 ? '1 idle thread' : count + ' idle threads';

	byId('thread-count').textContent = String(filter.idle ? p.threads.length : p.threads.length - count);
	box.hidden = !count;
	button.addEventListener('click', () => change({ idle: !filter.idle }));
	box.replaceChildren(filter.idle ? things + ' shown: ' : things + ' hidden: ', button);
}

// --- functions -----------------------------------------------------------------------------------------

function makeFunctionTable(pick) {
	return new RowTable(byId('view-functions'), 'Functions', [
		{ key: 'self', title: 'self', number: true, first: true, value: row => row.self,
		  cells: row => [formatDuration(row.self)] },
		{ key: 'selfshare', title: '', number: true, value: row => row.self,
		  cells: row => [formatShare(row.self, row.whole)] },
		{ key: 'total', title: 'total', number: true, value: row => row.total,
		  cells: row => [formatDuration(row.total)] },
		{ key: 'share', title: '', number: true, value: row => row.total,
		  cells: row => [formatShare(row.total, row.whole)] },
		{ key: 'split', title: 'states', number: true, value: row => row.ns[ON] / (row.total || 1),
		  cells: row => [makeBar(row.ns, 0, row.total)] },
		{ key: 'function', title: 'function', value: row => row.name, cells: row => [makeName(row.name)] },
		{ key: 'module', title: 'module', value: row => row.module,
		  cells: row => [makeName(baseName(row.module), row.module)] },
	], { pick });
}

// --- what is known of a frame ----------------------------------------------------------------------------

function explainLabel(p, name) {
	const key = Object.hasOwn(p.head.labels, name) ? name : name.replace(/\d+/, '%llu');

	return Object.hasOwn(p.head.labels, key) ? p.head.labels[key] : 'not a function\'s name';
}

function describePlace(tree, node, parts) {
	const p = tree.p, frame = tree.frame[node], kind = p.functionKind[p.frameFunction[frame]];
	const module = p.functionImage[p.frameFunction[frame]];
	let notes = kind === KIND_KERNEL ? ['kernel'] : [];

	if (p.frameInlined[frame])
		notes.push('inlined');
	if (kind === KIND_LABEL)
		notes = [explainLabel(p, tree.text(node))];
	if (module || notes.length)
		parts.push(make('div', { className: 'where' }, makeName(module), module && notes.length ? ' \u00b7 ' : '',
				notes.join(', ')));
	if (p.frameFile[frame])
		parts.push(make('div', { className: 'where' }, makeName(p.frameFile[frame] + (p.frameLine[frame] ?
			':' + p.frameLine[frame] : '')), tree.several[node] ? ' and other lines' : ''));
}

function describeTimes(tree, node, parts) {
	const total = tree.total(node), whole = tree.picked.total, at = node * STATES;
	const units = ['tick', 'wait', 'wait'];

	parts.push(make('div', { className: 'amount', title: formatExact(total) },
			formatDuration(total) + ', ' + formatShare(total, whole) + ' of what is shown'));
	for (let state = 0; state < STATES; state++) {
		const ns = tree.ns[at + state], times = tree.timesAt(node, state);

		if (ns)
			parts.push(make('span', { className: 'amount', title: formatExact(ns) }, swatchOf(state),
					STATE_NAMES[state] + ' ' + formatDuration(ns) + ', ' + formatShare(ns, total) +
					(times ? ' (' + times + ' ' + units[state] + (times === 1 ? '' : 's') + ')' : '')));
	}
	const self = tree instanceof DownTree ? tree.selfAt(node) : 0;

	if (self)
		parts.push(make('span', { className: 'amount', title: formatExact(self) },
				'Self ' + formatDuration(self) + ', ' + formatShare(self, total)));
}

// A node, as elements: name, place, times. `limit`: characters of a name; the whole is one click away.
function describeNode(tree, node, limit) {
	const text = tree.text(node), parts = [];

	parts.push(make('bdi', { className: 'frame-name', dir: 'ltr' },
			text.length > limit ? text.slice(0, limit) + '\u2026' : text));
	if (tree.frame[node] >= 0)
		describePlace(tree, node, parts);
	describeTimes(tree, node, parts);
	return make('div', {}, ...parts);
}

function describeTogether(tree, box) {
	return make('div', {}, make('b', {}, (box.to - box.from) + ' frames too narrow to be drawn'),
		    formatDuration(box.ns) + ', ' + formatShare(box.ns, tree.picked.total) +
		    ' of what is shown. Click to open them.');
}

function showTip(content, event) {
	const tip = byId('tip');

	tip.hidden = !content;
	if (!content)
		return;
	tip.replaceChildren(content);
	const bounds = tip.getBoundingClientRect(), gap = 14;
	const x = Math.min(event.clientX + gap, window.innerWidth - bounds.width - 4);
	const below = event.clientY + gap + bounds.height < window.innerHeight;

	tip.style.left = Math.max(4, x) + 'px';
	tip.style.top = Math.max(4, below ? event.clientY + gap : event.clientY - gap - bounds.height) + 'px';
}

// --- about the capture -------------------------------------------------------------------------------------

function showFacts(p) {
	const head = p.head, lost = head.losses.filter(loss => !loss.mended);

	document.title = head.target + ' - systemscope';
	byId('target').textContent = head.target;
	byId('target').title = head.target;
	byId('facts').textContent = formatDuration(head.window_ns) + (head.start_realtime_ms ?
		', ' + new Date(head.start_realtime_ms).toLocaleString() : '');
	byId('losses').hidden = !lost.length && !head.timeline_lost;
	byId('losses').textContent = 'with losses';
}

const KEYS = [
	['/', 'search; Enter goes to the next match, Escape ends it'],
	['arrows', 'move in the graph, a table or the time strip (with Shift its end)'],
	['Enter', 'zoom to the frame; take the row'],
	['Backspace', 'zoom out to the caller'],
	['Home', 'reset the zoom'],
	['s', 'callers and callees of the frame (or a click with Shift)'],
	['g, f', 'flame graph, functions'],
	['i', 'inverted: leaves first'],
	['1, 2, 3', 'on CPU, run queue, blocked: show or hide'],
	['t', 'light or dark'],
	['Alt+Left', 'back'],
];

function showAbout(p) {
	const head = p.head, about = byId('about'), close = make('button', { type: 'button' }, 'Close');
	const row = (key, ...value) => make('tr', {}, make('td', {}, key), make('td', {}, ...value));
	const estimated = p.threads.filter(thread => thread.flags & THREAD_ESTIMATED).length;
	const rows = [
		row('target', makeName(head.target)), row('window', formatExact(head.window_ns)),
		row('sampling', head.frequency_hz + ' Hz on each of ' + head.cpus + ' CPUs'),
		row('CPUs idle', formatShare(head.idle_ns, head.window_ns * head.cpus)),
		row('threads', p.threads.length + ' in ' + p.processes.length + ' processes' + (estimated ? '; of ' +
			estimated + ' that no tick hit, the on-CPU stacks are those of peers' : '')),
		row('made by', 'systemscope ' + head.version),
	];

	if (head.min_block_ns)
		rows.push(row('waits', 'under ' + formatDuration(head.min_block_ns) + ' are without stacks'));
	for (const loss of head.losses)
		rows.push(row(loss.mended ? 'mended' : 'lost', loss.count + ' \u00d7 ' + loss.text +
			      (loss.ns ? ', ' + formatDuration(loss.ns) : '')));
	if (head.timeline_lost)
		rows.push(row('lost', head.timeline_lost + ' intervals, for which there was no room'));
	close.addEventListener('click', () => about.close());
	about.replaceChildren(make('h2', {}, 'This capture'), make('table', {}, ...rows), make('h2', {}, 'Keys'),
			      make('table', {}, ...KEYS.map(([keys, text]) => row(make('kbd', {}, keys), text))),
			      close);
	about.showModal();
}
