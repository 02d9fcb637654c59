// SPDX-License-Identifier: MIT
// How quantities read and what colours mean: as exporters/text.c and exporters/svg_picture.c have it.
const looks = (() => {
'use strict';

const { compared, weights, colours } = flame;
const CHARACTER = 7.25; // pixels: the font is monospaced
const STEPS = 10;       // of a colour
const STATES = [
	{ text: 'on CPU', kind: 'on', colour: colours[0] },
	{ text: 'run queue', kind: 'runq', colour: colours[1] },
	{ text: 'blocked', kind: 'off', colour: colours[2] },
];
const LESS = [120, 172, 232], SAME = [226, 226, 222], MORE = [226, 106, 40];

// --- words ---------------------------------------------------------------------------------------

function three(value) {
	return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

function duration(us) {
	if (us < 1000)
		return `${Math.round(us)} us`;
	if (us < 999500)
		return `${three(us / 1e3)} ms`;
	if (us < 1e9)
		return `${three(us / 1e6)} s`;
	const minutes = Math.floor(us / 6e7);
	if (minutes < 100)
		return `${minutes} min ${String(Math.floor(us / 1e6) % 60).padStart(2, '0')} s`;
	return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

function share(part, whole) {
	if (!whole)
		return '-';
	const percent = 100 * part / whole;
	if (part === 0 || part === whole)
		return part ? '100 %' : '0 %';
	if (percent < 0.1)
		return '<0.1 %';
	return percent > 99.9 && percent < 100 ? '>99.9 %' : `${percent.toFixed(1)} %`;
}

// As much of a name as fits. Characters of Asian scripts and pictures are two wide.
function label(name, room) {
	const fits = Math.floor((room - 6) / CHARACTER);
	let columnsUsed = 0, cut = '', all = '';
	for (const character of name) {
		columnsUsed += character.codePointAt(0) >= 0x2000 ? 2 : 1;
		if (columnsUsed > fits)
			return cut + '\u2026';
		all += character;
		if (columnsUsed < fits)
			cut = all;
	}
	return all;
}

// --- colours -------------------------------------------------------------------------------------

function mix(colours, parts) {
	let text = '#';
	for (let i = 0; i < 3; i++) {
		const sum = colours.reduce((total, colour, j) => total + colour[i] * parts[j], STEPS / 2);
		text += Math.floor(sum / STEPS).toString(16).padStart(2, '0');
	}
	return text;
}

const mixed = new Map(); // by the parts: there are 66, or 21, of them

function colourOf(us) {
	const steps = (part, whole) => whole > 0 ? Math.floor(part / whole * STEPS + 0.5) : 0;
	let key, make;
	if (compared) {
		const before = (us[0] + us[1] + us[2]) * weights[0];
		const after = (us[3] + us[4] + us[5]) * weights[1];
		const more = after > before, part = steps(Math.abs(after - before), after + before);
		key = more ? part : -part;
		make = () => mix([more ? MORE : LESS, SAME], [part, STEPS - part]);
	} else {
		const whole = us[0] + us[1] + us[2], on = steps(us[0], whole);
		const runq = Math.min(steps(us[1], whole), STEPS - on);
		key = on * 16 + runq;
		make = () => mix(STATES.map((state) => state.colour), [on, runq, STEPS - on - runq]);
	}
	if (!mixed.has(key))
		mixed.set(key, make());
	return mixed.get(key);
}

return { STATES, duration, share, mix: (colour) => mix([colour], [STEPS]), colourOf, label };
})();
