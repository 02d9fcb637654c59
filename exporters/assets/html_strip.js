// SPDX-License-Identifier: MIT
// The time strip: over the window, how many of the threads that are looked at were in each state.
// A stretch of it can be chosen, by mouse or by keyboard; all else then shows that stretch.
'use strict';

class TimeStrip {
	constructor(box, p, on) {
		this.box = box;
		this.p = p;
		this.on = on;
		this.range = null;
		this.drag = null;
		this.canvas = box.appendChild(make('canvas'));
		this.context = this.canvas.getContext('2d');
		box.addEventListener('pointerdown', event => this.pressed(event));
		box.addEventListener('pointermove', event => this.dragged(event));
		box.addEventListener('pointerup', event => this.released(event));
		box.addEventListener('pointercancel', () => { this.drag = null; });
		box.addEventListener('keydown', event => this.key(event));
		new ResizeObserver(() => this.show(this.filter, this.range)).observe(box);
	}

	// After all else: to read millions of intervals takes its time, and the graph does not need them.
	show(filter, range) {
		this.filter = filter;
		this.range = range;
		clearTimeout(this.waiting);
		this.waiting = setTimeout(() => {
			if (!this.filter || !this.box.clientWidth)
				return;
			this.count();
			this.paint();
		}, 30);
	}

	// By pixel, the time of each state. What covers a pixel whole is added as a difference to the
	// pixel before, so that a long interval costs no more than a short one.
	count() {
		const width = this.box.clientWidth, step = this.p.head.window_ns / width;
		const events = this.p.intervals(), filter = this.filter;
		const whole = new Float64Array((width + 1) * STATES);

		this.width = width;
		this.part = new Float64Array((width + 1) * STATES);
		for (let i = 0; i < events.count; i++) {
			const thread = this.p.threads[events.thread[i]], state = events.state[i];

			if ((thread.idle && !filter.idle) || !filter.states[state] ||
			    (filter.threads && !filter.threads.has(thread.index)) ||
			    (state === OFF && filter.reasons.has(events.reason[i])))
				continue;
			const start = events.start[i], end = start + events.ns[i];
			const a = Math.min(Math.floor(start / step), width - 1);
			const b = Math.min(Math.floor(end / step), width - 1);

			if (a === b) {
				this.part[a * STATES + state] += end - start;
			} else {
				this.part[a * STATES + state] += (a + 1) * step - start;
				this.part[b * STATES + state] += end - b * step;
				whole[(a + 1) * STATES + state] += step;
				whole[b * STATES + state] -= step;
			}
		}
		this.most = step;
		for (let x = 0; x < width; x++) {
			let sum = 0;

			for (let state = 0; state < STATES; state++) {
				const at = x * STATES + state;

				whole[at + STATES] += whole[at];
				this.part[at] += whole[at];
				sum += this.part[at];
			}
			this.most = Math.max(this.most, sum);
		}
		this.step = step;
	}

	paint() {
		if (!this.part)
			return;
		const ratio = window.devicePixelRatio || 1, height = this.box.clientHeight;
		const context = this.context, style = getComputedStyle(this.box);

		this.canvas.width = Math.round(this.width * ratio);
		this.canvas.height = Math.round(height * ratio);
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		for (let x = 0; x < this.width; x++) {
			let y = height;

			for (let state = 0; state < STATES; state++) {
				const h = this.part[x * STATES + state] / this.most * (height - 14);

				context.fillStyle = 'rgb(' + PALETTE[state].join(',') + ')';
				context.fillRect(x, y - h, 1, h);
				y -= h;
			}
		}
		context.fillStyle = style.color;
		context.font = '11px ' + style.fontFamily;
		context.fillText('up to ' + Math.round(this.most / this.step) + ' threads', 4, 10);
		const end = formatDuration(this.p.head.window_ns);

		context.fillText(end, this.width - context.measureText(end).width - 4, 10);
		this.paintRange(height);
	}

	paintRange(height) {
		if (!this.range)
			return;
		const [from, to] = this.range.map(time => time / this.step), context = this.context;

		context.globalAlpha = 0.65;
		context.fillStyle = getComputedStyle(this.box).backgroundColor;
		context.fillRect(0, 0, from, height);
		context.fillRect(to, 0, this.width - to, height);
		context.globalAlpha = 1;
		context.strokeStyle = getComputedStyle(this.box).color;
		context.lineWidth = 2;
		context.strokeRect(from, 1, Math.max(to - from, 1), height - 2);
	}

	timeAt(event) {
		const x = event.clientX - this.box.getBoundingClientRect().left;

		return Math.round(Math.max(0, Math.min(this.width, x)) * this.step);
	}

	pressed(event) {
		this.drag = this.timeAt(event);
		this.box.setPointerCapture(event.pointerId);
	}

	dragged(event) {
		if (this.drag === null)
			return;
		const time = this.timeAt(event);

		this.range = [Math.min(this.drag, time), Math.max(this.drag, time)];
		this.paint();
	}

	// A press without a drag takes the choice away.
	released(event) {
		if (this.drag === null)
			return;
		const time = this.timeAt(event), from = Math.min(this.drag, time);
		const to = Math.max(this.drag, time);

		this.drag = null;
		this.on.range(to - from < 3 * this.step ? null : [from, to]);
	}

	// Arrows move what is chosen, with Shift its end; what is not chosen begins with a tenth.
	key(event) {
		const all = this.p.head.window_ns, [from, to] = this.range || [0, all / 10];
		const step = (event.key === 'ArrowLeft' ? -1 : 1) * (to - from) / 4;

		if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
			const begin = event.shiftKey ? from : Math.max(0, Math.min(all - (to - from), from + step));
			const end = event.shiftKey ? Math.min(all, Math.max(from + 1, to + step)) :
				begin + (to - from);

			this.on.range(this.range ? [Math.round(begin), Math.round(end)] :
				      [from, Math.round(to)]);
		} else if (event.key === 'Delete' || event.key === 'Escape') {
			this.on.range(null);
		} else {
			return;
		}
		event.preventDefault();
		event.stopPropagation();
	}
}
