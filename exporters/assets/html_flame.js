// SPDX-License-Identifier: MIT
// A tree drawn as boxes on a canvas: as wide as their share of the time, coloured by their own share
// of on-CPU, run queue and blocked time. Boxes too narrow to be seen are drawn together, and opened
// by a click like any other: so the narrowest of many can be reached.
'use strict';

const ROW = 19;		    // pixels
const NARROW = 0.7;	    // boxes below this are drawn together,
const TOGETHER = 9;	    // as boxes of about this width
const PALETTE = []; // of the three states: of the data
const STRONG = ['#a8200d', '#8a5a00', '#17508f']; // the same for lines, on a box or on white
const INK = '#111';

const mixed = new Map(); // colours made so far

function useColours(colours) {
	PALETTE.push(...colours);
	['--on', '--runq', '--off'].forEach((name, state) => document.documentElement.style.setProperty(name,
		'rgb(' + colours[state].join(',') + ')'));
}

// The colour of a mixture. All that is seen are shares of 1/24.
function mixColour(on, runq, off) {
	const sum = on + runq + off;

	if (!(sum > 0))
		return '#bbb';
	const a = Math.round(24 * on / sum), b = Math.round(24 * runq / sum), key = a * 32 + b;

	if (!mixed.has(key)) {
		const c = Math.max(0, 24 - a - b);
		const part = i => Math.round((a * PALETTE[0][i] + b * PALETTE[1][i] +
			c * PALETTE[2][i]) / (a + b + c));

		mixed.set(key, 'rgb(' + part(0) + ',' + part(1) + ',' + part(2) + ')');
	}
	return mixed.get(key);
}

// What fits of a name, in a font of one width as long as the name is ASCII.
function fitText(context, text, width, charWidth) {
	const room = Math.floor(width / charWidth);

	if (room < 2)
		return '';
	if (/^[\x20-\x7e]*$/.test(text.slice(0, room + 1)))
		return text.length <= room ? text : text.slice(0, room - 1) + '\u2026';
	const chars = Array.from(text.slice(0, room * 2));
	let low = 0, high = chars.length;

	while (low < high) {
		const middle = (low + high + 1) >> 1;

		if (context.measureText(chars.slice(0, middle).join('') + '\u2026').width <= width)
			low = middle;
		else
			high = middle - 1;
	}
	if (low === chars.length && chars.join('') === text)
		return text;
	return low ? chars.slice(0, low).join('') + '\u2026' : '';
}

class FlameView {
	// `box` scrolls; `on`: { zoom(focus), select(view, node), sandwich(ident), hover(view, at, event) }
	constructor(box, on) {
		this.box = box;
		this.on = on;
		this.tree = null;
		this.focus = { node: 0, from: 0, to: 0 }; // to > 0: only those of its children
		this.fromBottom = false;
		this.match = null;
		this.selected = -1;
		this.hovered = null;
		this.rows = [];
		this.frame = 0; // that is asked for, to paint in
		this.scrolled = 0;
		this.spacer = box.appendChild(document.createElement('div'));
		this.canvas = this.spacer.appendChild(document.createElement('canvas'));
		this.context = this.canvas.getContext('2d');
		for (const event of ['scroll', 'focus', 'blur'])
			box.addEventListener(event, () => this.paint());
		this.canvas.addEventListener('mousemove', event => this.moved(event));
		this.canvas.addEventListener('mouseleave', event => this.left(event));
		this.canvas.addEventListener('click', event => this.clicked(event));
		box.addEventListener('keydown', event => this.key(event));
		new ResizeObserver(() => this.layout()).observe(box);
	}

	show(tree, focus, fromBottom) {
		const turned = !this.tree || this.fromBottom !== fromBottom;

		this.tree = tree;
		this.focus = focus;
		this.fromBottom = fromBottom;
		this.selected = focus.node;
		this.hovered = null;
		this.layout();
		if (turned)
			this.box.scrollTop = fromBottom ? this.box.scrollHeight : 0;
		this.scrollToFocus();
	}

	// What is zoomed to is in sight, with room for what it calls; it stays where it is if it can.
	scrollToFocus() {
		const row = this.depth - 1, shown = this.box.clientHeight;
		const y = this.fromBottom ? this.height - (row + 1) * ROW : row * ROW;
		const at = y - this.box.scrollTop, low = this.fromBottom ? shown / 4 : 0;

		if (at < low || at > low + shown * 3 / 4)
			this.box.scrollTop = y - shown / 3 * (this.fromBottom ? 2 : 1);
	}

	setMatch(match) {
		this.match = match;
		this.paint();
	}

	// --- layout: boxes by row, from left to right: { node, x, w, from, to, ns } ------------------------

	// `to` > 0: not a node, but that part of its children, drawn together.
	layout() {
		const width = this.box.clientWidth;

		if (!this.tree || !width)
			return;
		const tree = this.tree, focus = this.focus, way = [];

		for (let node = focus.node; ; node = tree.parent[node]) {
			way.push(node);
			if (!node)
				break;
		}
		this.width = width;
		this.rows = way.reverse().map(node => (
			[{ node, x: 0, w: width, from: 0, to: 0, ns: tree.total(node) }]));
		this.depth = this.rows.length;
		const top = this.rows[this.depth - 1][0];

		if (focus.to) {
			const byState = [0, 0, 0];

			for (const child of tree.children(focus.node).slice(focus.from, focus.to)) {
				for (let state = 0; state < STATES; state++)
					byState[state] += tree.ns[child * STATES + state];
			}
			top.ns = byState[ON] + byState[RUNQ] + byState[OFF];
			this.rows.push([{ ...top, from: focus.from, to: focus.to, byState }]);
			this.depth++;
		}
		if (top.ns > 0)
			this.layoutBelow(width / top.ns, this.rows[this.depth - 1][0]);
		this.rows.forEach((boxes, row) => boxes.forEach(box => { box.row = row; }));
		this.resize();
		this.paint();
	}

	layoutBelow(scale, top) {
		const todo = [top];

		for (let row = this.depth; todo.length; row++) {
			const parents = todo.splice(0);

			for (const box of parents) {
				const boxes = this.layoutChildren(box, scale);

				if (!boxes.length)
					continue;
				this.rows[row] = this.rows[row] || [];
				for (const child of boxes) {
					this.rows[row].push(child);
					if (!child.to)
						todo.push(child);
				}
			}
		}
	}

	// They are sorted: when one is too narrow, all that follow are.
	layoutChildren(box, scale) {
		const tree = this.tree, list = tree.children(box.node), boxes = [];
		const end = box.to || list.length;
		let x = box.x, at = box.from;

		for (; at < end; at++) {
			const ns = tree.total(list[at]), w = ns * scale;

			if (w < NARROW)
				break;
			boxes.push({ node: list[at], x, w, from: 0, to: 0, ns });
			x += w;
		}
		while (at < end) {
			const from = at, byState = [0, 0, 0];
			let ns = 0;

			for (; at < end && ns * scale < TOGETHER; at++) {
				for (let state = 0; state < STATES; state++)
					byState[state] += tree.ns[list[at] * STATES + state];
				ns = byState[ON] + byState[RUNQ] + byState[OFF];
			}
			boxes.push({ node: box.node, x, w: ns * scale, from, to: at, ns, byState });
			x += ns * scale;
		}
		return boxes;
	}

	resize() {
		const shown = this.box.clientHeight;

		this.height = Math.max(this.rows.length * ROW + 4, shown);
		this.spacer.style.height = this.height + 'px';
		this.canvas.style.height = shown + 'px';
	}

	y(row) {
		return (this.fromBottom ? this.height - (row + 1) * ROW : row * ROW) - this.scrolled;
	}

	// --- painting ---------------------------------------------------------------------------------------

	// Once before the screen is drawn next, whatever happens until then.
	paint() {
		if (!this.frame)
			this.frame = requestAnimationFrame(() => this.paintNow());
	}

	paintNow() {
		const context = this.context, height = this.box.clientHeight;

		this.frame = 0;
		if (!this.tree || !height)
			return;
		const style = getComputedStyle(this.box), ratio = window.devicePixelRatio || 1;

		this.scrolled = this.box.scrollTop;
		this.ink = style.color;
		this.canvas.width = Math.round(this.width * ratio); // this clears it
		this.canvas.height = Math.round(height * ratio);
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.font = '12px ' + style.fontFamily;
		context.textBaseline = 'middle';
		context.direction = 'ltr';
		this.charWidth = context.measureText('0').width;
		for (let row = 0; row < this.rows.length; row++) {
			const y = this.y(row);

			if (y > -ROW && y < height) {
				for (const box of this.rows[row])
					this.paintBox(box, y, row < this.depth - 1);
			}
		}
		if (this.selected !== this.focus.node || this.box.matches(':focus-visible'))
			this.outline(this.selectedBox(), 2);
		this.outline(this.hovered, 1);
	}

	paintBox(box, y, above) {
		const context = this.context, tree = this.tree, at = box.node * STATES;
		const w = Math.max(box.w - (box.w > 3 ? 1 : 0), 0.5);

		if (box.to) {
			this.paintTogether(box, y, w);
			return;
		}
		const found = this.match && tree.ident[box.node] >= 0 && this.match[tree.ident[box.node]];

		context.globalAlpha = above ? 0.55 : this.match && !found ? 0.3 : 1;
		context.fillStyle = mixColour(tree.ns[at], tree.ns[at + 1], tree.ns[at + 2]);
		context.fillRect(box.x, y, w, ROW - 1);
		if (w > 6)
			this.paintShares(tree.ns, at, box.x, y + ROW - 4, w);
		context.globalAlpha = this.match && !found ? 0.6 : 1;
		if (found && w > 2) {
			context.fillStyle = INK;
			context.fillRect(box.x, y, w, 1.5);
		}
		if (w > 24) {
			const text = fitText(context, tree.text(box.node), w - 7, this.charWidth);

			context.fillStyle = above || (this.match && !found) ? this.ink : INK;
			context.fillText(isolate(text), box.x + 4, y + ROW / 2 - 1.5);
		}
		context.globalAlpha = 1;
	}

	// The shares as a line of three parts, always in the same order: for those who see no colours.
	paintShares(ns, at, x, y, w) {
		const sum = ns[at] + ns[at + 1] + ns[at + 2];

		for (let state = 0; state < STATES; state++) {
			const part = w * ns[at + state] / sum;

			this.context.fillStyle = STRONG[state];
			this.context.fillRect(x, y, part, state === RUNQ ? 1.5 : 3);
			x += part;
		}
	}

	paintTogether(box, y, w) {
		const context = this.context;

		context.globalAlpha = this.match ? 0.3 : 0.75;
		context.fillStyle = mixColour(...box.byState);
		context.fillRect(box.x, y, w, ROW - 1);
		context.globalAlpha = 1;
		if (w > 120) {
			const text = (box.to - box.from) + ' narrow ones';

			context.fillStyle = this.ink;
			context.fillText(fitText(context, text, w - 7, this.charWidth), box.x + 4, y + ROW / 2 - 1.5);
			return;
		}
		context.fillStyle = INK;
		context.globalAlpha = 0.35;
		for (let x = 1; x < w - 0.5; x += 3)
			context.fillRect(box.x + x, y + 1, 1, ROW - 3);
		context.globalAlpha = 1;
	}

	outline(box, thick) {
		if (!box)
			return;
		this.context.strokeStyle = this.ink;
		this.context.lineWidth = thick;
		this.context.strokeRect(box.x + thick / 2, this.y(box.row) + thick / 2,
					Math.max(box.w - thick - 1, 1), ROW - 1 - thick);
	}

	selectedBox() {
		if (this.selected < 0)
			return null;
		for (const boxes of this.rows) {
			const box = boxes.find(one => one.node === this.selected && !one.to);

			if (box)
				return box;
		}
		return null;
	}

	// --- the mouse ---------------------------------------------------------------------------------------

	boxAt(event) {
		const bounds = this.canvas.getBoundingClientRect(), x = event.clientX - bounds.left;
		const y = event.clientY - bounds.top + this.box.scrollTop;
		const row = Math.floor(this.fromBottom ? (this.height - y) / ROW : y / ROW);
		const boxes = this.rows[row] || [];
		let low = 0, high = boxes.length - 1;

		while (low < high) {
			const middle = (low + high + 1) >> 1;

			if (boxes[middle].x <= x)
				low = middle;
			else
				high = middle - 1;
		}
		const box = boxes[low];

		return box && x >= box.x && x < box.x + Math.max(box.w, 1) ? box : null;
	}

	moved(event) {
		const box = this.boxAt(event);

		if (box !== this.hovered) {
			this.hovered = box;
			this.paint();
		}
		this.canvas.style.cursor = box ? 'pointer' : 'default';
		this.on.hover(this, box, event);
	}

	left(event) {
		this.hovered = null;
		this.paint();
		this.on.hover(this, null, event);
	}

	clicked(event) {
		const box = this.boxAt(event);

		this.box.focus({ preventScroll: true });
		if (!box)
			return;
		if (event.shiftKey && !box.to && this.isFunction(box.node))
			this.on.sandwich(this.tree.ident[box.node]);
		else
			this.on.zoom(this, { node: box.node, from: box.from, to: box.to });
	}

	isFunction(node) {
		const ident = this.tree.ident[node];

		return ident >= 0 && ident < this.tree.idents.count;
	}

	// --- the keyboard --------------------------------------------------------------------------------------

	key(event) {
		if (event.ctrlKey || event.altKey || event.metaKey || !this.tree)
			return;
		const key = event.key, deeper = this.fromBottom ? 'ArrowUp' : 'ArrowDown';

		if (key === 'ArrowUp' || key === 'ArrowDown')
			this.move(key === deeper);
		else if (key === 'ArrowLeft' || key === 'ArrowRight')
			this.moveAside(key === 'ArrowRight' ? 1 : -1);
		else if (key === 'Enter')
			this.on.zoom(this, { node: this.selected, from: 0, to: 0 });
		else if (key === 'Backspace')
			this.on.zoom(this, { node: this.tree.parent[this.focus.node], from: 0, to: 0 });
		else if (key === 'Home')
			this.on.zoom(this, { node: 0, from: 0, to: 0 });
		else if (key === 's' && this.isFunction(this.selected))
			this.on.sandwich(this.tree.ident[this.selected]);
		else
			return;
		event.preventDefault();
		event.stopPropagation();
	}

	move(down) {
		const tree = this.tree;

		this.select(down ? tree.children(this.selected)[0] : tree.parent[this.selected]);
	}

	moveAside(step) {
		if (!this.selected)
			return;
		const list = this.tree.children(this.tree.parent[this.selected]);

		this.select(list[list.indexOf(this.selected) + step]);
	}

	select(node) {
		if (node === undefined)
			return;
		this.selected = node;
		const box = this.selectedBox();

		this.scrolled = this.box.scrollTop;
		const y = box ? this.y(box.row) : 0;

		if (y < 0 || y + ROW > this.box.clientHeight)
			this.box.scrollTop += y - this.box.clientHeight / 2;
		this.paint();
		this.on.select(this, node);
	}
}

// A name that is written from right to left, or says that it is, moves nothing beside it.
function isolate(text) {
	return '\u2068' + text + '\u2069';
}
