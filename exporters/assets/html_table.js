// SPDX-License-Identifier: MIT
// Elements, and tables of any length, of which only the rows in sight are in the page.
'use strict';

// make('div', { className: 'x' }, child...): children that are strings become text, never markup.
function make(tag, properties, ...children) {
	const element = document.createElement(tag);

	for (const [name, value] of Object.entries(properties || {})) {
		if (name.includes('-') || name === 'role')
			element.setAttribute(name, value);
		else
			element[name] = value;
	}
	element.append(...children.filter(child => child !== null));
	return element;
}

// A name from the target: it keeps its direction to itself. Of a very long one, as much as could show.
function makeName(text, title = text) {
	return make('bdi', { className: 'name', dir: 'ltr', title },
		    text.length > 400 ? text.slice(0, 400) + '\u2026' : text);
}

// Three parts of a whole: the wider the more; always in the same order.
function makeBar(ns, at, whole) {
	const bar = make('span', { className: 'bar', 'aria-hidden': 'true' });

	for (let state = 0; state < STATES; state++) {
		const part = make('i', { className: 'state' + state });

		part.style.width = (whole > 0 ? 100 * ns[at + state] / whole : 0) + '%';
		bar.append(part);
	}
	return bar;
}

// columns: [{ title, key, number, value(row), cells(row): [child...] }]; on.pick(row, event, key).
class RowTable {
	constructor(box, label, columns, on) {
		this.columns = columns;
		this.on = on;
		this.rows = [];
		this.active = 0;
		this.sortBy = columns.find(column => column.first) || null;
		this.down = true;
		this.head = make('div', { className: 'row head', role: 'row' });
		this.body = make('div', { className: 'body', role: 'rowgroup', tabIndex: 0,
					  'aria-label': label });
		this.spacer = make('div', { className: 'spacer', role: 'presentation' });
		this.body.append(this.spacer);
		box.append(this.head, this.body);
		box.setAttribute('role', 'table');
		box.setAttribute('aria-label', label);
		for (const column of columns)
			this.head.append(this.makeTitle(column));
		this.body.addEventListener('scroll', () => this.paint());
		this.body.addEventListener('keydown', event => this.key(event));
		this.body.addEventListener('click', event => this.clicked(event));
		new ResizeObserver(() => this.paint()).observe(this.body);
	}

	makeTitle(column) {
		column.cell = make('span', { className: 'cell ' + column.key, role: 'columnheader' });
		column.button = make('button', { type: 'button', textContent: column.title });
		column.cell.append(column.button);
		column.button.addEventListener('click', () => {
			this.down = this.sortBy === column ? !this.down : column.number;
			this.sortBy = column;
			this.show(this.rows);
		});
		return column.cell;
	}

	show(rows) {
		const column = this.sortBy, sign = this.down ? -1 : 1;

		this.rows = rows;
		for (const other of this.columns)
			other.cell.setAttribute('aria-sort', other !== column ? 'none' :
						this.down ? 'descending' : 'ascending');
		if (column && column.number)
			rows.sort((a, b) => sign * (column.value(a) - column.value(b)) || a.order - b.order);
		else if (column)
			rows.sort((a, b) => sign * compareTexts(column.value(a), column.value(b)) ||
				  a.order - b.order);
		this.active = Math.min(this.active, Math.max(0, rows.length - 1));
		this.paint();
	}

	paint() {
		const height = this.rowHeight(), from = Math.floor(this.body.scrollTop / height);
		const to = Math.min(this.rows.length,
				    from + Math.ceil(this.body.clientHeight / height) + 1);

		this.spacer.style.height = this.rows.length * height + 'px';
		this.spacer.replaceChildren();
		for (let i = from; i < to; i++) {
			const row = this.makeRow(this.rows[i], i);

			row.style.top = i * height + 'px';
			this.spacer.append(row);
		}
	}

	rowHeight() {
		return 23;
	}

	makeRow(row, i) {
		const on = this.on.chosen && this.on.chosen(row);
		const element = make('div', {
			className: 'row' + (on ? ' chosen' : '') + (row.dim ? ' dim' : ''), role: 'row',
		});

		if (i === this.active)
			element.classList.add('active');
		if (this.on.chosen)
			element.setAttribute('aria-selected', on ? 'true' : 'false');
		element.dataset.index = i;
		for (const column of this.columns)
			element.append(make('span', { className: 'cell ' + column.key, role: 'cell' },
					    ...column.cells(row)));
		return element;
	}

	clicked(event) {
		const element = event.target.closest('.row');

		if (!element || !this.rows[element.dataset.index])
			return;
		this.active = Number(element.dataset.index);
		this.on.pick(this.rows[this.active], event);
	}

	key(event) {
		const page = Math.max(1, Math.floor(this.body.clientHeight / this.rowHeight()) - 1);
		const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page,
				Home: -Infinity, End: Infinity };

		if (event.ctrlKey || event.altKey || event.metaKey)
			return;
		if (steps[event.key] !== undefined)
			this.moveTo(this.active + steps[event.key]);
		else if ((event.key === 'Enter' || event.key === ' ') && this.rows[this.active])
			this.on.pick(this.rows[this.active], event);
		else
			return;
		event.preventDefault();
		event.stopPropagation();
	}

	moveTo(index) {
		const height = this.rowHeight(), body = this.body;

		this.active = Math.max(0, Math.min(this.rows.length - 1, index));
		if (this.active * height < body.scrollTop)
			body.scrollTop = this.active * height;
		else if ((this.active + 1) * height > body.scrollTop + body.clientHeight)
			body.scrollTop = (this.active + 1) * height - body.clientHeight;
		this.paint();
	}
}

function compareTexts(a, b) {
	return a < b ? -1 : a > b ? 1 : 0;
}
