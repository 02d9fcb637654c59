// SPDX-License-Identifier: MIT
// The flame graph in a browser. Draws the part of the stacks that is looked at: frames of one colour are
// one path, and what lies under the pointer is found by arithmetic, so that the number of elements stays
// small however many frames there are.
(() => {
'use strict';

const { number, compared, weights, names, paths, stackCount, weigh, makeTree, usOf, layOut } = flame;
const { STATES, duration, share, mix, colourOf, label } = looks;
const SVG = 'http://www.w3.org/2000/svg', HTML = 'http://www.w3.org/1999/xhtml';
const ROW = 18, FRAME = 17, STRIP = 4, MARGIN = 10;
const LEAST = 0.5;      // pixels: narrower frames are merged
const LABEL_LEAST = 24; // pixels
const PANEL = 88;       // height of what stands between the legend and the frames
const page = document, root = page.documentElement;
let activeCount = 0; // stacks of threads that are not idle

// --- words ---------------------------------------------------------------------------------------

const KINDS = { t: 'thread', k: 'kernel', l: 'not a function: see systemscope help frames' };
const many = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;
const nameOf = (node) => node.merged ? `${many(node.merged, 'frame')}, each too narrow to be shown`
	: node.depth ? names[node.name][0] : 'all';

function placeOf(node) {
	if (node.merged)
		return 'click to see them';
	if (!node.depth)
		return '';
	const [, kind, module, file, lines] = names[node.name];
	const path = (text) => paths[parseInt(text, 10) - 1] + (text.endsWith('+') ? ' and others' : '');
	const parts = [];
	if (KINDS[kind])
		parts.push(KINDS[kind]);
	if (module)
		parts.push(path(module));
	if (file)
		parts.push(paths[parseInt(file, 10) - 1] + (lines ? `:${lines}` : '') +
			(file.endsWith('+') ? ' and others' : ''));
	return parts.join(' \u00b7 ');
}

// --- what is looked at ---------------------------------------------------------------------------
// `view` is all that the address tells; the rest follows from it.

const opening =
	{ from: 0, to: Infinity, depth: 0, icicle: false, inverted: false, idle: false, search: '' };
let view = opening, tree = null, matched = null;
let rows = []; // by depth: boxes, from left to right
let hovered = null, picked = null;
const trees = new Map();
const width = () => Math.max(root.clientWidth || window.innerWidth, 300);
const top = () => headHeight + PANEL + 4;
let headHeight = 0;

// --- drawing -------------------------------------------------------------------------------------

const make = (space, tag, attributes, parent) => {
	const element = page.createElementNS(space, tag);
	for (const name in attributes)
		element.setAttribute(name, attributes[name]);
	if (parent)
		parent.appendChild(element);
	return element;
};
const round = (value) => Math.round(value * 100) / 100;
// The outermost frame stays where it is, whatever part of the tree is looked at.
const rowTop = (depth) => top() + (view.icicle ? depth : tree.most - 1 - depth) * ROW;
const outline = (x, y, w, h) => `M${round(x)} ${y}h${round(w)}v${h}h${-round(w)}z`;

function isDim(node) {
	if (matched)
		return node.merged || !node.depth || !matched.hits[node.name];
	return node.depth < view.depth;
}

// Paths by their fill or class, and texts: bright ones, and dim ones.
function paint(picture, boxes, y, layers) {
	for (const box of boxes) {
		const node = box.node, layer = layers[isDim(node) ? 1 : 0];
		const w = box.right - box.left, shown = w > 2 ? w - 0.5 : w;
		const fill = (node.merged ? 'merged ' : '') + colourOf(usOf(tree, node));
		layer.paths[fill] = (layer.paths[fill] || '') + outline(box.left, y, shown, FRAME);
		if (!compared && !node.merged && w >= 4) {
			const us = usOf(tree, node), whole = us[0] + us[1] + us[2];
			let x = box.left;
			STATES.forEach((state, i) => {
				const part = us[i] / whole * shown;
				if (part >= 0.25)
					layer.paths[state.kind] = (layer.paths[state.kind] || '') +
						outline(x, y + FRAME - STRIP, part, STRIP);
				x += part;
			});
		}
		if (w >= LABEL_LEAST) {
			const text = make(SVG, 'text', { x: round(box.left + 3), y: y + 10.5 }, layer.texts);
			text.textContent = label(node.merged ? `${node.merged} narrow` : nameOf(node), w);
		}
	}
}

function draw() {
	const picture = page.getElementById('picture'), layers = [0, 1].map(() =>
		({ paths: {}, texts: page.createDocumentFragment() }));
	const laid = layOut(tree, view.from, Math.min(view.to, tree.whole.weight), MARGIN, width() - MARGIN,
		LEAST);
	const below = root.scrollHeight - window.scrollY;
	rows = laid.rows;
	tree.most = Math.max(tree.most, rows.length); // rows that were ever seen
	root.setAttribute('height', Math.max(top() + tree.most * ROW + MARGIN, window.innerHeight - 4));
	if (!view.icicle)
		window.scrollTo(0, root.scrollHeight - below);
	rows.forEach((boxes, depth) => paint(picture, boxes, rowTop(depth), layers));
	const groups = layers.map((layer, i) => {
		const g = make(SVG, 'g', i ? { class: 'dim' } : {});
		const strips = STATES.map((state) => state.kind);
		const fills = Object.keys(layer.paths).sort((a, b) => strips.includes(a) - strips.includes(b));
		for (const fill of fills) {
			const [style, colour] = fill[0] === '#' ? ['', fill] : fill.split(' ');
			const path = make(SVG, 'path', { d: layer.paths[fill] }, g);
			if (style)
				path.setAttribute('class', style);
			if (colour)
				path.setAttribute('fill', colour);
		}
		g.appendChild(layer.texts);
		return g;
	});
	picture.replaceChildren(groups[1], groups[0], ring.hover, ring.picked);
	hovered = null;
	mark(ring.hover, null);
	mark(ring.picked, picked && boxOf(picked));
	controls.tell(laid);
	controls.details(null);
	stick();
}

function mark(path, box) {
	path.setAttribute('d', box ? outline(box.left, rowTop(box.node.depth), box.right - box.left, FRAME) : '');
}

const boxOf = (node) => (rows[node.depth] || []).find((box) => box.node === node ||
	(node.merged && box.node.merged && box.node.x === node.x)) || null;

function boxAt(x, y) {
	const row = Math.floor((y - top()) / ROW), depth = view.icicle ? row : tree.most - 1 - row;
	const boxes = rows[depth] || [];
	let low = 0, high = boxes.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (boxes[middle].right <= x)
			low = middle + 1;
		else
			high = middle;
	}
	return low < boxes.length && boxes[low].left <= x ? boxes[low] : null;
}

// --- going somewhere, and back -------------------------------------------------------------------

function address(where) {
	const words = [];
	if (where.from > 0 || where.to < Infinity)
		words.push(`x=${where.from}-${where.to}`, `depth=${where.depth}`);
	for (const name of ['icicle', 'inverted', 'idle']) {
		if (where[name])
			words.push(name);
	}
	if (where.search)
		words.push(`search=${encodeURIComponent(where.search)}`);
	return '#' + words.join('&');
}

function placeIn(hash) {
	const where = Object.assign({}, opening), words = hash.replace(/^#/, '').split('&');
	for (const word of words) {
		const [key, value] = word.split('=');
		const range = key === 'x' && /^([\d.e+-]+?)-([\d.e+-]+)$/.exec(value || '');
		if (range && Number(range[2]) > Number(range[1])) {
			where.from = Number(range[1]);
			where.to = Number(range[2]);
		} else if (key === 'depth') {
			where.depth = parseInt(value, 10) || 0;
		} else if (key === 'search') {
			try {
				where.search = decodeURIComponent(value || '');
			} catch (error) {
				where.search = '';
			}
		} else if (key === 'icicle' || key === 'inverted' || key === 'idle') {
			where[key] = true;
		}
	}
	where.idle = where.idle || !activeCount;
	return where;
}

function show(where) {
	const key = `${where.inverted} ${where.idle}`, turned = where.icicle !== view.icicle || !tree;
	view = where;
	if (!trees.has(key))
		trees.set(key, makeTree(where.inverted, where.idle));
	if (tree !== trees.get(key))
		picked = null;
	tree = trees.get(key);
	matched = where.search ? flame.search(where.search, where.idle) : null;
	controls.update();
	draw();
	if (turned)
		window.scrollTo(0, where.icicle ? 0 : root.scrollHeight);
}

const trail = []; // where we were, for browsers that keep no history of this page
let steps = 0;    // of ours in the browser's history

function go(change) {
	const where = Object.assign({}, view, change);
	if (address(where) === address(view))
		return;
	trail.push(view);
	try {
		history.pushState({ steps: steps + 1 }, '', address(where));
		steps++;
	} catch (error) {
		steps = 0;
	}
	show(where);
}

function back() {
	if (steps)
		history.back(); // ends in popstate
	else if (trail.length)
		show(trail.pop());
}

const zoomTo = (node) =>
	go({ from: node.x, to: node.depth ? node.x + node.weight : Infinity, depth: node.depth });
const reset = () => {
	picked = null;
	go({ from: 0, to: Infinity, depth: 0, search: '' });
};
const whole = { from: 0, to: Infinity, depth: 0 };
const toggles = {
	icicle: () => go({ icicle: !view.icicle }),
	inverted: () => go(Object.assign({ inverted: !view.inverted }, whole)),
	idle: () => go(Object.assign({ idle: !view.idle }, whole)),
};

// --- controls ------------------------------------------------------------------------------------

const ring = { hover: make(SVG, 'path', { id: 'hover' }), picked: make(SVG, 'path', { id: 'picked' }) };

let controls = null;

function makeControls() {
	const head = page.getElementById('head');
	const curtain = page.getElementById('curtain');
	headHeight = Number(curtain.getAttribute('height'));
	curtain.setAttribute('height', headHeight + PANEL);
	const box = make(SVG, 'foreignObject', { x: 0, y: headHeight, width: '100%', height: PANEL }, head);
	const panel = make(HTML, 'div', { class: 'panel' }, box);
	const tools = make(HTML, 'div', { class: 'tools', role: 'toolbar' }, panel);
	const button = (id, text, title, act) => {
		const element = make(HTML, 'button', { id, title, type: 'button' }, tools);
		element.textContent = text;
		element.addEventListener('click', act);
		return element;
	};
	const idleCount = [number('idle-threads')].concat(compared ? [number('idle-threads-after')] : []);
	const buttons = {
		back: button('back', 'Back', 'where you were before (Backspace)', back),
		reset: button('reset', 'Reset', 'all of it, no search (r)', reset),
		icicle: button('icicle', 'Icicle', 'the outermost frame on top (i)', toggles.icicle),
		inverted: button('inverted', 'Inverted', 'innermost functions first, then who called them (v)',
			toggles.inverted),
	};
	const input = make(HTML, 'input', { id: 'search', type: 'search',
		placeholder: 'Search: name or pattern (/)', 'aria-label': 'search',
		spellcheck: 'false', autocomplete: 'off' }, tools);
	if (activeCount && activeCount < stackCount)
		buttons.idle = button('idle', '', 'threads that never ran (t)', toggles.idle);
	const result = make(HTML, 'span', { id: 'result', class: 'result', 'aria-live': 'polite' }, tools);
	const details = make(HTML, 'div', { id: 'details', 'aria-live': 'polite' }, panel);
	const [nameLine, facts, place] = ['name', 'facts', 'facts place'].map((style) =>
		make(HTML, 'div', { class: style }, details));
	input.addEventListener('input', () => {
		const where = Object.assign({}, view, { search: input.value });
		try {
			history.replaceState(history.state, '', address(where));
		} catch (error) {
			// no history: nothing to keep in step
		}
		show(where);
	});

	function fact(text, colour) {
		if (colour)
			make(HTML, 'b', { class: 'swatch', style: `background:${colour}` }, facts);
		facts.appendChild(page.createTextNode(text));
	}

	function factsOfOne(us, inside) {
		const sum = us[0] + us[1] + us[2];
		fact(`${duration(sum)}, ${share(sum, tree.whole.weight)} of all`);
		if (view.depth && inside)
			fact(`, ${share(sum, Math.min(view.to, tree.whole.weight) - view.from)} of what is shown`);
		STATES.forEach((state, i) => fact(`${state.text} ${duration(us[i])} (${share(us[i], sum)})`,
			mix(state.colour)));
	}

	// Of windows of unlike length the change is that of the time per second.
	function factsOfTwo(us) {
		const unit = weights[0] === weights[1] ? '' : ' a second';
		const change = (before, after) => {
			const rate = before * weights[0], now = after * weights[1];
			return `${duration(before)} \u2192 ${duration(after)}` + (!rate && !now ? '' : !rate ? ' (new)'
				: ` (${now >= rate ? '+' : '\u2212'}${(100 * Math.abs(now - rate) / rate).toFixed(1)} %${unit})`);
		};
		fact(`${change(us[0] + us[1] + us[2], us[3] + us[4] + us[5])}`);
		STATES.forEach((state, i) => {
			if (us[i] || us[i + 3])
				fact(` \u00b7 ${state.text} ${change(us[i], us[i + 3])}`);
		});
	}

	return {
		input,
		update() {
			buttons.back.disabled = !steps && !trail.length;
			buttons.icicle.setAttribute('aria-pressed', view.icicle);
			buttons.inverted.setAttribute('aria-pressed', view.inverted);
			if (buttons.idle)
				buttons.idle.textContent = `${idleCount.join(' \u2192 ')} idle thread` +
					`${idleCount[idleCount.length - 1] === 1 ? '' : 's'} ` +
					`${view.idle ? 'shown: hide' : 'hidden: show'}`;
			if (input.value !== view.search)
				input.value = view.search;
		},
		tell(laid) {
			const words = [];
			if (matched)
				words.push(`matched ${share(weigh(matched.us), tree.whole.weight)}, ` +
					`${duration(matched.us.reduce((sum, us) => sum + us, 0))}, ` +
					`in ${many(matched.nameCount, 'name')}`);
			if (laid.hiddenFrames)
				words.push(`${many(laid.hiddenFrames, 'frame')} narrower than ${LEAST} px merged: ` +
					`${share(laid.hidden, laid.seen)}`);
			if (!tree.whole.weight)
				words.push('no time at all');
			result.textContent = words.join(' \u00b7 ');
			result.title = result.textContent;
		},
		// NULL: of what is picked, or looked at.
		details(box) {
			const zoomed = (rows[view.depth] || [])[0];
			const shown = box || (picked && boxOf(picked)) || zoomed || (rows[0] || [])[0];
			facts.replaceChildren();
			if (!shown)
				return;
			const node = shown.node, name = nameOf(node);
			nameLine.textContent = name;
			nameLine.title = name;
			(compared ? factsOfTwo : factsOfOne)(usOf(tree, node), node.depth >= view.depth);
			place.textContent = placeOf(node);
			place.title = place.textContent;
			details.setAttribute('data-us', usOf(tree, node).join(','));
		},
	};
}

// The head stays in sight.
function stick() {
	page.getElementById('head').setAttribute('transform', `translate(0,${window.scrollY})`);
}

function pick(box) {
	if (!box)
		return;
	picked = box.node;
	mark(ring.picked, box);
	controls.details(box);
	const y = rowTop(box.node.depth), above = window.scrollY + top();
	if (y < above)
		window.scrollBy(0, y - above);
	else if (y + ROW > window.scrollY + window.innerHeight)
		window.scrollBy(0, y + ROW - window.scrollY - window.innerHeight);
}

// Out is away from the root: to the widest child.
function move(out, sideways) {
	const box = picked && boxOf(picked);
	if (!box) {
		pick((rows[view.depth] || [])[0] || (rows[0] || [])[0]);
	} else if (sideways) {
		const boxes = rows[box.node.depth];
		pick(boxes[boxes.indexOf(box) + sideways]);
	} else if (!out) {
		pick(box.node.parent && boxOf(box.node.parent));
	} else {
		const kids = (rows[box.node.depth + 1] || []).filter((kid) => kid.node.parent === box.node);
		pick(kids.sort((a, b) => b.right - b.left - (a.right - a.left))[0]);
	}
}

const keys = {
	'/': () => controls.input.focus(),
	ArrowUp: () => move(!view.icicle, 0),
	ArrowDown: () => move(view.icicle, 0),
	ArrowLeft: () => move(false, -1),
	ArrowRight: () => move(false, 1),
	Enter: () => picked && zoomTo(picked),
	Escape: () => {
		if (view.search)
			go({ search: '' });
		else
			reset();
	},
	Backspace: back,
	b: back,
	r: reset,
	Home: reset,
	i: toggles.icicle,
	v: toggles.inverted,
	t: () => activeCount && activeCount < stackCount && toggles.idle(),
};

function onKey(event) {
	const typing = event.target === controls.input;
	if ((event.ctrlKey || event.metaKey) && event.key === 'f') {
		controls.input.focus();
		controls.input.select();
		event.preventDefault();
	} else if (typing) {
		if (event.key === 'Escape' && view.search)
			go({ search: '' });
		if (event.key === 'Escape' || event.key === 'Enter')
			controls.input.blur();
	} else if (!event.ctrlKey && !event.metaKey && !event.altKey && Object.hasOwn(keys, event.key) &&
		!(event.key === 'Enter' && event.target.localName === 'button')) {
		keys[event.key]();
		event.preventDefault();
	}
}

function start() {
	flame.readStacks();
	activeCount = flame.activeCount();
	root.removeAttribute('viewBox');
	root.setAttribute('width', '100%');
	root.addEventListener('mousemove', (event) => {
		const box = event.clientY >= top() ? boxAt(event.pageX, event.pageY) : null;
		if ((box && box.node) === hovered)
			return;
		hovered = box && box.node;
		mark(ring.hover, box);
		root.style.cursor = box ? 'pointer' : '';
		controls.details(box);
	});
	root.addEventListener('click', (event) => {
		const box = event.clientY >= top() ? boxAt(event.pageX, event.pageY) : null;
		if (box)
			zoomTo(box.node);
	});
	window.addEventListener('keydown', onKey);
	window.addEventListener('popstate', (event) => {
		steps = event.state ? event.state.steps : 0;
		trail.pop();
		show(placeIn(location.hash));
	});
	window.addEventListener('scroll', stick);
	window.addEventListener('resize', () => draw());
	controls = makeControls();
	page.querySelectorAll('#shown').forEach((element) => element.remove());
	if (!compared)
		page.querySelector('#legend text:last-of-type').textContent +=
			', and along the lower edge each share by its length';
	show(placeIn(location.hash));
}

// Of many stacks the picture in the file is seen first, and used as soon as they are read.
if (stackCount < 20000 || page.visibilityState !== 'visible')
	start();
else
	requestAnimationFrame(() => setTimeout(start));
})();
