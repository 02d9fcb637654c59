// SPDX-License-Identifier: MIT
// The page: one state that says what is shown, a step of the browser's history for each change of it,
// and render(), which makes the page be what the state says.
'use strict';

const TABS = ['flame', 'functions', 'sandwich'];

class App {
	constructor(p) {
		const active = p.threads.some(thread => !thread.idle);

		this.p = p;
		this.made = {}; // what was made last, by what it was made of
		this.state = {
			page: 'systemscope', tab: 'flame', inverted: false, flip: false, lines: p.head.lines,
			roots: p.head.roots, states: [true, true, true], reasons: [], threads: null, idle: !active,
			range: null, sandwich: -1, search: '',
			focus: { flame: { path: [], from: 0, to: 0 }, callers: { path: [], from: 0, to: 0 },
				 callees: { path: [], from: 0, to: 0 } },
		};
		this.first = this.state;
		this.change = change => this.go(change);
		this.makeViews();
		this.listen();
		showFacts(p);
	}

	makeViews() {
		const on = {
			zoom: (view, focus) => this.zoom(view, focus), hover: (view, box, event) => this.hover(view, box, event),
			select: (view, node) => this.describe(view, node), sandwich: ident => this.sandwich(ident),
		};

		this.views = { flame: new FlameView(byId('flame'), on), callers: new FlameView(byId('callers'), on),
			       callees: new FlameView(byId('callees'), on) };
		for (const [name, view] of Object.entries(this.views))
			view.name = name;
		this.threads = makeThreadTable(row => this.state.threads !== null && !row.dim,
					       (row, event) => this.pickThread(row, event));
		this.functions = makeFunctionTable(row => this.sandwich(row.ident));
		if (this.p.hasTimeline) {
			byId('strip').hidden = false;
			this.strip = new TimeStrip(byId('strip'), this.p, { range: range => this.go({ range }) });
		}
	}

	// --- the state ----------------------------------------------------------------------------------

	// With another filter, what was drawn together is not the same any more: the zoom is to its caller.
	go(change) {
		const focus = { ...this.state.focus };

		if (['states', 'reasons', 'threads', 'idle', 'range'].some(name => name in change)) {
			for (const name of Object.keys(focus))
				focus[name] = { path: focus[name].path, from: 0, to: 0 };
		}
		this.state = { ...this.state, focus, ...change };
		try {
			history.pushState(this.state, '');
		} catch (error) {
			// a page within a page may not; it has no way back then
		}
		this.render();
	}

	begin() {
		const old = history.state;

		if (old && old.page === 'systemscope')
			this.state = old;
		else
			history.replaceState(this.state, '');
		this.render();
	}

	// Made anew only if what it is made of has changed.
	keep(name, of, make_) {
		const key = JSON.stringify(of);

		if (!this.made[name] || this.made[name].key !== key)
			this.made[name] = { key, value: make_() };
		return this.made[name].value;
	}

	filter() {
		const s = this.state;

		return { states: s.states, reasons: new Set(s.reasons), idle: s.idle,
			 threads: s.threads && new Set(s.threads), range: s.range };
	}

	picked() {
		const s = this.state;

		this.filterKey = [s.states, s.reasons, s.threads, s.idle, s.range];
		return this.keep('picked', this.filterKey, () => applyFilter(this.p, this.filter()));
	}

	idents() {
		return this.keep('idents', this.state.lines, () => makeIdents(this.p, this.state.lines));
	}

	roots() {
		return this.keep('roots', this.state.roots, () => makeRoots(this.p, this.state.roots));
	}

	tree(name, type, top) {
		const s = this.state, picked = this.picked(), roots = this.roots(), idents = this.idents();

		return this.keep(name, [this.filterKey, s.lines, s.roots, type.name, top], () =>
			new type(this.p, picked, idents, roots, top));
	}

	// --- the page -----------------------------------------------------------------------------------

	render() {
		const s = this.state, picked = this.picked(), filter = this.filter();

		showStates(this.p, filter, picked, this.change);
		showReasons(this.p, filter, picked, this.change);
		showRange(filter, this.change);
		showIdle(this.p, filter, this.change);
		this.threads.show(this.keep('threads', this.filterKey, () => listThreads(this.p, filter, picked)));
		if (this.strip)
			this.strip.show(filter, s.range);
		for (const tab of TABS) {
			byId('tab-' + tab).setAttribute('aria-selected', String(tab === s.tab));
			byId('view-' + tab).hidden = tab !== s.tab || !picked.total;
		}
		byId('empty').hidden = picked.total > 0;
		for (const name of ['inverted', 'flip', 'lines'])
			byId(name).checked = s[name];
		byId('inverted').disabled = byId('flip').disabled = s.tab !== 'flame';
		byId('roots').value = s.roots;
		if (document.activeElement !== byId('search'))
			byId('search').value = s.search;
		this.tip(null);
		byId('details').replaceChildren(make('span', { className: 'dim' },
			'Point at a frame; click to zoom, with Shift for its callers and callees.'));
		if (picked.total)
			this.renderTab();
		this.renderSearch();
	}

	renderTab() {
		const s = this.state;

		if (s.tab === 'flame') {
			this.showTree(this.views.flame, this.tree('flame', s.inverted ? UpTree : DownTree, -1), s.flip);
		} else if (s.tab === 'functions') {
			this.functions.show(this.functionRows());
		} else {
			this.renderSandwich();
		}
		byId('reset').disabled = !Object.values(s.focus).some(focus => focus.path.length || focus.to);
	}

	showTree(view, tree, fromBottom) {
		const { path, from, to } = this.state.focus[view.name], node = tree.find(path);
		const whole = tree.depth(node) === path.length && to <= tree.children(node).length;

		view.show(tree, { node, from: whole ? from : 0, to: whole ? to : 0 }, fromBottom);
		setTimeout(() => tree.timesAt(0, ON), 50); // before it is asked for, and after it is drawn
		if (node)
			this.describe(view, node);
	}

	renderSandwich() {
		const ident = this.state.sandwich, known = ident >= 0 && ident < this.idents().count;
		const title = byId('sandwich-title');

		byId('callers').hidden = byId('callees').hidden = !known;
		if (!known) {
			title.textContent = 'Of which function? Choose one of the table "Functions", or a frame in the ' +
				'graph by a click with Shift.';
			return;
		}
		const callers = this.tree('callers', UpTree, ident), callees = this.tree('callees', DownTree, ident);

		title.replaceChildren('Callers above, callees below: ', make('b', {}, makeName(callees.textOf(ident))), ' ' +
			formatDuration(callees.total(0)) + ', ' +
			formatShare(callees.total(0), this.picked().total) + ' of what is shown');
		this.showTree(this.views.callers, callers, true);
		this.showTree(this.views.callees, callees, false);
	}

	functionRows() {
		const s = this.state, p = this.p, picked = this.picked(), idents = this.idents();
		const outermost = this.keep('outermost', s.lines, () => markOutermost(p, idents));
		const sums = this.keep('sums', [this.filterKey, s.lines], () =>
			sumFunctions(p, picked, idents, outermost));
		const found = this.found(), rows = [], tree = new Tree(p, picked, idents, null);

		for (let ident = 0; ident < idents.count; ident++) {
			const ns = Array.from(sums.ns.subarray(ident * STATES, ident * STATES + STATES));
			const total = ns[ON] + ns[RUNQ] + ns[OFF];

			if (total && (!found || found.match[ident]))
				rows.push({ ident, order: ident, ns, total, self: sums.self[ident],
					    whole: picked.total, name: tree.textOf(ident),
					    module: p.functionImage[p.frameFunction[idents.frame[ident]]] });
		}
		return rows;
	}

	found() {
		const s = this.state, text = s.search.trim();

		if (!text)
			return null;
		return this.keep('found', [this.filterKey, s.lines, s.roots, text], () =>
			searchFor(this.p, this.picked(), this.idents(), this.roots(), text));
	}

	renderSearch() {
		const found = this.found(), total = this.picked().total;

		for (const view of Object.values(this.views))
			view.setMatch(found && found.match);
		byId('matched').textContent = found ? formatShare(found.ns, total) + ' matched, ' +
			formatDuration(found.ns) : '';
	}

	// --- what is done ------------------------------------------------------------------------------------

	zoom(view, focus) {
		const path = view.tree.path(focus.node);

		this.go({ focus: { ...this.state.focus, [view.name]: { path, from: focus.from, to: focus.to } } });
	}

	resetFocus() {
		const none = { path: [], from: 0, to: 0 };

		return { focus: { flame: none, callers: none, callees: none } };
	}

	sandwich(ident) {
		this.go({ tab: 'sandwich', sandwich: ident, ...this.resetFocus() });
	}

	pickThread(row, event) {
		const index = row.thread.index, now = this.state.threads || [];
		const more = event.ctrlKey || event.metaKey || event.shiftKey || event.key === ' ';
		let next = [index];

		if (now.includes(index))
			next = more ? now.filter(other => other !== index) : now.length > 1 ? [index] : [];
		else if (more)
			next = [...now, index].sort((a, b) => a - b);
		this.go({ threads: next.length ? next : null });
	}

	hover(view, box, event) {
		const tree = view.tree;

		this.tip(box && (box.to ? describeTogether(tree, box) : describeNode(tree, box.node, 400)), event);
	}

	tip(content, event) {
		showTip(content, event);
	}

	describe(view, node) {
		byId('details').replaceChildren(describeNode(view.tree, node, Infinity));
	}

	// The search as it is typed is no step back; the way to a match is.
	search(text) {
		this.state = { ...this.state, search: text };
		try {
			history.replaceState(this.state, '');
		} catch (error) {
			// as in go()
		}
		this.nextMatch = 0;
		if (this.state.tab === 'functions' && this.picked().total)
			this.functions.show(this.functionRows());
		this.renderSearch();
	}

	// Zooms to the matches in turn, most time first.
	toNextMatch() {
		const found = this.found(), view = this.views.flame;

		if (!found || this.state.tab !== 'flame' || !view.tree)
			return;
		const matches = this.keep('matches', [this.made.found.key, this.made.flame.key], () =>
			listMatches(view.tree, found.match));

		if (matches.length) {
			const at = (this.nextMatch || 0) % matches.length;

			this.nextMatch = at + 1;
			this.zoom(view, { node: matches[at], from: 0, to: 0 });
		}
	}

	toggleTheme() {
		const root = document.documentElement, dark = matchMedia('(prefers-color-scheme: dark)').matches;
		const now = root.dataset.theme || (dark ? 'dark' : 'light');

		root.dataset.theme = now === 'dark' ? 'light' : 'dark';
		for (const view of Object.values(this.views))
			view.paint();
		if (this.strip)
			this.strip.show(this.filter(), this.state.range);
	}

	// --- what is heard ------------------------------------------------------------------------------------

	listen() {
		window.addEventListener('popstate', event => {
			this.state = event.state && event.state.page === 'systemscope' ? event.state : this.first;
			this.render();
		});
		for (const tab of TABS)
			byId('tab-' + tab).addEventListener('click', () => this.go({ tab }));
		byId('inverted').addEventListener('change', event =>
			this.go({ inverted: event.target.checked, ...this.resetFocus() }));
		byId('flip').addEventListener('change', event => this.go({ flip: event.target.checked }));
		byId('lines').addEventListener('change', event =>
			this.go({ lines: event.target.checked, sandwich: -1, ...this.resetFocus() }));
		byId('roots').addEventListener('change', event =>
			this.go({ roots: event.target.value, ...this.resetFocus() }));
		byId('reset').addEventListener('click', () => this.go(this.resetFocus()));
		byId('theme').addEventListener('click', () => this.toggleTheme());
		byId('help').addEventListener('click', () => showAbout(this.p));
		byId('losses').addEventListener('click', () => showAbout(this.p));
		byId('search').addEventListener('input', event => this.search(event.target.value));
		byId('search').addEventListener('keydown', event => {
			if (event.key === 'Enter')
				this.toNextMatch();
			else if (event.key === 'Escape')
				event.target.blur();
		});
		document.addEventListener('keydown', event => this.key(event));
	}

	key(event) {
		const s = this.state, typing = event.target.matches('input[type=search], select');

		if (typing || event.ctrlKey || event.altKey || event.metaKey || byId('about').open)
			return;
		const actions = {
			'/': () => byId('search').focus(), '?': () => showAbout(this.p), t: () => this.toggleTheme(),
			g: () => this.go({ tab: 'flame' }), f: () => this.go({ tab: 'functions' }),
			i: () => this.go({ tab: 'flame', inverted: !s.inverted, ...this.resetFocus() }),
			Home: () => this.go(this.resetFocus()), Escape: () => this.go(this.resetFocus()),
		};

		for (let state = 0; state < STATES; state++)
			actions[state + 1] = () => this.go({ states: s.states.map((on, i) => i === state ? !on : on) });
		if (!Object.hasOwn(actions, event.key))
			return;
		event.preventDefault();
		actions[event.key]();
	}
}

// The matches in a tree, as far as it is made, most time first.
function listMatches(tree, match) {
	const list = [];

	for (let node = 1; node < tree.count; node++) {
		if (match[tree.ident[node]])
			list.push(node);
	}
	return list.sort((a, b) => tree.total(b) - tree.total(a) || a - b);
}

const profile = readProfile(byId('profile').textContent);

useColours(profile.head.colours);

const app = new App(profile);

app.begin();
requestAnimationFrame(() => setTimeout(() => performance.mark('ready'))); // drawn: for those who measure
