// SPDX-License-Identifier: MIT
// browser.js CHROMIUM PAGES [SCREENSHOTS]: what a reader does with a flame graph, and what comes of it.
// Where frames are and what they say is computed here from the folded file. Whatever a case does, the
// picture must ask for nothing, and report no error.
'use strict';

const assert = require('assert');
const fs = require('fs');
const { chromium } = require('playwright-core');
const { travel, back, forward, reload } = require('../lib/history.js');
const [, , executablePath, pages, screenshots] = process.argv;

const WIDTH = 1280, HEIGHT = 800, MARGIN = 10, ROW = 18;
let browser, failed = false;

// --- the folded file, as a tree ------------------------------------------------------------------

// Of one profile three times, of a difference six: those of after come last.
function readFolded(name) {
	const stacks = new Map();
	for (const line of fs.readFileSync(`${pages}/${name}.folded`, 'utf8').split('\n').slice(0, -1)) {
		const [, path, state, us, after] = /^(.*)_\[([cro])\] (\d+)(?: (\d+))?$/s.exec(line);
		if (!stacks.has(path))
			stacks.set(path, { path: path.split(';'), us: after ? [0, 0, 0, 0, 0, 0] : [0, 0, 0] });
		stacks.get(path).us['cro'.indexOf(state)] += Number(us);
		if (after)
			stacks.get(path).us[3 + 'cro'.indexOf(state)] += Number(after);
	}
	return [...stacks.values()];
}

const order = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
let windows = [1, 1]; // of a difference, in seconds
const sum = us => (us[0] + us[1] + us[2]) / windows[0] + (us.length > 3 ? (us[3] + us[4] + us[5]) / windows[1] : 0);

// Each frame once: { path, us, x, depth }, x in microseconds.
function makeTree(stacks, inverted) {
	const none = stacks[0].us.map(() => 0), frames = [];
	const root = { name: 'all', path: [], us: none.slice(), kids: new Map() };
	for (const stack of stacks) {
		const path = inverted ? stack.path.slice().reverse() : stack.path;
		let node = root;
		[null, ...path].forEach((name, depth) => {
			if (depth && !node.kids.has(name))
				node.kids.set(name,
					{ name, path: path.slice(0, depth), us: none.slice(), kids: new Map() });
			node = depth ? node.kids.get(name) : root;
			stack.us.forEach((us, i) => { node.us[i] += us; });
		});
	}
	(function place(node, x, depth) {
		frames.push(Object.assign(node, { x, depth }));
		for (const name of [...node.kids.keys()].sort(order)) {
			place(node.kids.get(name), x, depth + 1);
			x += sum(node.kids.get(name).us);
		}
	})(root, 0, 0);
	return { root, frames, rows: 1 + Math.max(...frames.map(frame => frame.depth)) };
}

// --- the picture ---------------------------------------------------------------------------------

class Reader {
	constructor(page) {
		this.page = page;
	}

	text(selector) {
		return this.page.locator(selector).textContent();
	}

	async name() {
		return this.text('#details .name');
	}

	async us() {
		return (await this.page.locator('#details').getAttribute('data-us')).split(',').map(Number);
	}

	// The first and the last row of texts; one of them is the root's.
	async geometry() {
		return this.page.evaluate(() => {
			const boxes = [...document.querySelectorAll('#picture g text')].map(text =>
				Number(text.getAttribute('y')));
			return { lowest: Math.max(...boxes), highest: Math.min(...boxes), scroll: window.scrollY };
		});
	}

	async point(tree, frame, icicle) {
		const { lowest, highest, scroll } = await this.geometry(), scale = (WIDTH - 2 * MARGIN) / sum(tree.root.us);
		return {
			x: MARGIN + (frame.x + sum(frame.us) / 2) * scale,
			y: (icicle ? highest + frame.depth * ROW : lowest - frame.depth * ROW) - 4 - scroll,
		};
	}

	async hover(tree, frame, icicle) {
		const { x, y } = await this.point(tree, frame, icicle);
		await this.page.mouse.move(x, y);
	}

	async click(tree, frame, icicle) {
		const { x, y } = await this.point(tree, frame, icicle);
		await this.page.mouse.click(x, y);
	}
}

async function open(name, options, work) {
	const context = await browser.newContext(Object.assign(
		{ viewport: { width: WIDTH, height: HEIGHT } }, options));
	const page = await context.newPage(), wrong = [];

	page.on('pageerror', error => wrong.push(String(error)));
	page.on('console', message => wrong.push(message.text()));
	page.on('dialog', dialog => wrong.push('a dialog'));
	page.on('popup', () => wrong.push('a window'));
	page.on('request', request => {
		if (!request.url().startsWith('file:') || !request.url().split('#')[0].endsWith('.svg'))
			wrong.push(request.url());
	});
	await page.goto(`file://${pages}/${name}.svg${options.hash || ''}`);
	await page.waitForSelector('#details', { state: 'attached' });
	await work(new Reader(page), page);
	await context.close();
	assert.deepStrictEqual(wrong, []);
}

async function check(name, work) {
	try {
		await work();
		console.log(`ok ${name}`);
	} catch (error) {
		failed = true;
		const [where] = /browser\.js:\d+/.exec(error.stack) || [''];
		console.log(`not ok ${name} - ${where} ${String(error.message || error).replace(/\s+/g, ' ').slice(0, 400)}`);
	}
}

// Every frame that is a pixel wide, found by where it should be, says what the folded file says.
async function hoverAll(reader, tree, icicle) {
	for (const frame of tree.frames) {
		if (sum(frame.us) / sum(tree.root.us) * WIDTH < 1)
			continue;
		await reader.hover(tree, frame, icicle);
		assert.strictEqual(await reader.name(), frame.name, `at ${frame.path.join(';')}`);
		assert.deepStrictEqual(await reader.us(), frame.us, `times of ${frame.path.join(';')}`);
	}
}

// --- cases ---------------------------------------------------------------------------------------

const idleShown = async (reader, page) => {
	if (await page.locator('#idle').count())
		await page.click('#idle');
};

async function everyFrame(name, inverted, icicle) {
	await open(name, {}, async (reader, page) => {
		const tree = makeTree(readFolded(name), inverted);
		await idleShown(reader, page);
		if (inverted)
			await page.click('#inverted');
		if (icicle)
			await page.click('#icicle');
		await hoverAll(reader, tree, icicle);
	});
}

async function details() {
	await open('plain', {}, async (reader, page) => {
		const tree = makeTree(readFolded('plain').filter(stack => stack.path[0] !== 'worker'));
		const serve = tree.frames.find(frame => frame.name === 'serve');
		await reader.hover(tree, serve);
		const facts = await page.locator('#details .facts').allTextContents();
		assert.match(facts[0], /^1\.00 s, 71\.4 % of all/);
		assert.match(facts[0], /on CPU 300 ms \(30\.0 %\)run queue 100 ms \(10\.0 %\)blocked 600 ms \(60\.0 %\)/);
		assert.match(facts[1], /\/usr\/bin\/server/);
	});
}

async function zoomAndBack() {
	await open('plain', {}, async (reader, page) => {
		const tree = makeTree(readFolded('plain').filter(stack => stack.path[0] !== 'worker'));
		const serve = tree.frames.find(frame => frame.name === 'serve');
		const widest = () => page.evaluate(() => Math.max(...[...document.querySelectorAll('#picture path')]
			.map(path => path.getBBox().width)));
		const whereAt = async () => {
			await page.mouse.move(1000, 140);
			return [await reader.name(), await reader.us()];
		};
		assert.deepStrictEqual(await whereAt(), ['all', tree.root.us]);
		assert(await page.locator('#back').isDisabled());
		for (const goBack of [() => travel(page, () => page.click('#back')),
			() => travel(page, () => page.keyboard.press('Backspace')), () => back(page)]) {
			await reader.click(tree, serve);
			assert.deepStrictEqual(await whereAt(), ['serve', serve.us]);
			assert(Math.abs(await widest() - (WIDTH - 2 * MARGIN)) < 2);
			assert.match((await page.locator('#details .facts').allTextContents())[0], /100 % of what is shown/);
			// clicked where it used to be is another frame now: its child's place is all of the width
			await goBack();
			assert.deepStrictEqual(await whereAt(), ['all', tree.root.us]);
		}
		await reader.click(tree, serve);
		await back(page);
		await forward(page);
		assert.deepStrictEqual(await whereAt(), ['serve', serve.us]);
		await reload(page);
		await page.waitForSelector('#details', { state: 'attached' });
		assert.deepStrictEqual(await whereAt(), ['serve', serve.us]);
		await page.click('#reset');
		assert.deepStrictEqual(await whereAt(), ['all', tree.root.us]);
		await hoverAll(reader, tree, false);
	});
}

async function searchAndShare() {
	await open('plain', {}, async (reader, page) => {
		const stacks = readFolded('plain').filter(stack => stack.path[0] !== 'worker');
		const matched = test => stacks.filter(stack => stack.path.some(name => test.test(name)))
			.reduce((total, stack) => total + sum(stack.us), 0);
		const all = stacks.reduce((total, stack) => total + sum(stack.us), 0);
		for (const [text, test] of [['epoll', /epoll/], ['^(parse|vfs_)', /^(parse|vfs_)/], ['SERVE', /SERVE/],
			['(', /\(/], ['Main', /Main/]]) {
			await page.keyboard.press('/');
			await page.locator('#search').fill(text);
			const part = matched(test), percent = (100 * part / all).toFixed(1);
			const said = await reader.text('#result');
			assert(said.startsWith(part ? `matched ${percent} %,` : 'matched 0 %'), `${text}: ${said}`);
			await page.keyboard.press('Escape');
			assert.strictEqual(await reader.text('#result'), '');
			assert.strictEqual(await page.evaluate(() => document.querySelector('#search').value), '');
		}
		await page.locator('#search').fill('parse');
		const bright = await page.evaluate(() => [...document.querySelectorAll('#picture g:not(.dim) text')]
			.map(text => text.textContent));
		assert.deepStrictEqual(bright, ['parse']);
		await page.keyboard.press('Enter');
		await page.keyboard.press('r');
		assert.strictEqual(await reader.text('#result'), '');
		await page.keyboard.press('Control+f');
		assert.strictEqual(await page.evaluate(() => document.activeElement.id), 'search');
	});
}

async function keyboard() {
	await open('plain', {}, async (reader, page) => {
		const at = [], hash = () => page.evaluate(() => location.hash);
		for (const key of ['ArrowUp', 'ArrowUp', 'ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Enter', 'ArrowUp']) {
			await page.keyboard.press(key);
			at.push(await reader.name());
		}
		assert.deepStrictEqual(at, ['all', 'server', 'client', 'server', '_start', 'server', 'server', '_start']);
		assert((await hash()).includes('x='));
		await page.keyboard.press('Escape');
		assert(!(await hash()).includes('x='));
		assert.strictEqual(await reader.name(), 'all');
		await page.keyboard.press('i');
		assert.strictEqual(await page.locator('#icicle').getAttribute('aria-pressed'), 'true');
		await page.keyboard.press('ArrowUp');
		await page.keyboard.press('ArrowDown');
		assert.strictEqual(await reader.name(), 'server');
		await page.keyboard.press('v');
		assert.strictEqual(await page.locator('#inverted').getAttribute('aria-pressed'), 'true');
		await travel(page, () => page.keyboard.press('Backspace'));
		await page.locator('#inverted').focus();
		await page.keyboard.press('Enter');
		assert.strictEqual(await page.locator('#inverted').getAttribute('aria-pressed'), 'true');
	});
}

async function idleToggle() {
	await open('idle', {}, async (reader, page) => {
		const all = readFolded('idle'), active = all.filter(stack => stack.path[0] !== '[idle]');
		assert.strictEqual(await reader.text('#idle'), '2 idle threads hidden: show');
		await hoverAll(reader, makeTree(active), false);
		await page.click('#idle');
		assert.strictEqual(await reader.text('#idle'), '2 idle threads shown: hide');
		await hoverAll(reader, makeTree(all), false);
		await page.keyboard.press('t');
		await hoverAll(reader, makeTree(active), false);
	});
}

// Of 1 s to 4 s: as wide as what they take of each second.
async function difference() {
	await open('difference', {}, async (reader, page) => {
		windows = await page.evaluate(() => ['window-ns', 'window-after-ns'].map(name =>
			document.querySelector('metadata').firstElementChild.getAttribute(name) / 1e9));
		assert.deepStrictEqual(windows, [1, 4]);
		await page.click('#idle');
		const tree = makeTree(readFolded('difference'));
		await hoverAll(reader, tree, false);
		await page.click('#inverted');
		await hoverAll(reader, makeTree(readFolded('difference'), true), false);
		await page.click('#reset');
		await page.mouse.move(1, 1);
		assert.match((await page.locator('#details .facts').allTextContents())[0],
			/^2\.40 s \u2192 22\.0 s \(\+129\.2 % a second\)/);
		windows = [1, 1];
	});
}

async function hostileNames() {
	await open('names', {}, async (reader, page) => {
		const tree = makeTree(readFolded('names'));
		for (const frame of tree.frames) {
			await reader.hover(tree, frame);
			assert.strictEqual(await reader.name(), frame.name.replace(/[\ufffe\uffff]/g, '\ufffd'));
			assert.deepStrictEqual(await reader.us(), frame.us);
		}
		await page.locator('#search').fill('<img src=x onerror');
		assert.match(await reader.text('#result'), /^matched 3\.3 %, 3\.00 ms, in 2 names/);
		await page.locator('#search').fill('"\'`\\;${window.pwned = 3}<!--<script>');
		assert.strictEqual(await page.evaluate(() => window.pwned), undefined);
		assert.deepStrictEqual(await page.evaluate(() => [...document.querySelectorAll('script, img, b')]
			.map(element => element.localName).filter(name => name !== 'b')), ['script']);
		assert.strictEqual(await page.locator('#details .swatch').count(),
			await page.locator('b').count());
	});
}

async function anyAddress() {
	for (const hash of ['#x=5-3&depth=zz', '#search=%E0%A4%A', '#x=1e999-2&inverted&idle', '#__proto__&x=-5-1e9',
		'#x=0-1&depth=99', '#search=(((']) {
		await open('plain', { hash }, async (reader, page) => {
			await page.click('#reset');
			assert.strictEqual(await reader.name(), 'all');
		});
	}
}

// Times are told, and decide nothing: other work may be done on the machine.
async function many(count, scheme) {
	const name = `many-${count}`;
	await open(name, { colorScheme: scheme }, async (reader, page) => {
		const painted = await page.evaluate(() => new Promise(done => setTimeout(() => done(
			performance.getEntriesByType('paint').map(entry => entry.startTime)[0]), 300)));
		const stacks = readFolded(name), whole = await reader.us();
		assert.strictEqual(sum(whole), stacks.reduce((total, stack) => total + sum(stack.us), 0));
		if (screenshots)
			await page.screenshot({ path: `${screenshots}/${name}-${scheme}.png` });
		// Into whatever is widest, a block of merged frames too, until nothing is merged.
		const zooms = [];
		while ((await reader.text('#result')).includes('merged')) {
			assert(zooms.length < 12, 'no end of zooming');
			zooms.push(await page.evaluate(async () => {
				const press = key => window.dispatchEvent(new KeyboardEvent('keydown', { key }));
				const before = location.hash;
				for (let i = 0; i < 40; i++)
					press('ArrowUp');
				while (/^all$/.test(document.querySelector('#details .name').textContent))
					press('ArrowUp');
				const begin = performance.now();
				press('Enter');
				await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
				return location.hash === before ? null : performance.now() - begin;
			}));
			if (zooms[zooms.length - 1] === null)
				break;
		}
		console.log(`# ${name}: first paint ${Math.round(painted)} ms; zooms ${zooms.map(Math.round).join(' ')} ms`);
		if (screenshots)
			await page.screenshot({ path: `${screenshots}/${name}-${scheme}-zoomed.png` });
	});
}

async function main() {
	browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
	for (const name of ['plain', 'offcpu', 'hostile', 'ends']) {
		await check(`browser_frames_${name}`, () => everyFrame(name, false, false));
		await check(`browser_inverted_${name}`, () => everyFrame(name, true, false));
	}
	await check('browser_icicle', () => everyFrame('plain', false, true));
	await check('browser_icicle_inverted', () => everyFrame('plain', true, true));
	await check('browser_details', details);
	await check('browser_zoom_and_back', zoomAndBack);
	await check('browser_search', searchAndShare);
	await check('browser_keyboard', keyboard);
	await check('browser_idle', idleToggle);
	await check('browser_difference', difference);
	await check('browser_hostile_names', hostileNames);
	await check('browser_any_address', anyAddress);
	await check('browser_many_10', () => many(10, 'light'));
	await check('browser_many_1000', () => many(1000, 'dark'));
	await check('browser_many_100000', () => many(100000, 'light'));
	if (screenshots) {
		for (const [count, scheme] of [[10, 'dark'], [1000, 'light'], [100000, 'dark']])
			await many(count, scheme);
	}
	await browser.close();
	process.exit(failed ? 1 : 0);
}

main();
