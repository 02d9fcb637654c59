// SPDX-License-Identifier: MIT
//
// trace_viewer.js CHROMIUM VIEWER TRACE [SCREENSHOT] - what the viewer of chrome://tracing makes of TRACE,
// as JSON on stdout. VIEWER is a directory with the viewer's page, which Debian's Chromium leaves out and
// Go brings along, and the polyfill that it needs by now. Nothing else can be fetched.
'use strict';

const path = require('path');
const { chromium } = require('playwright-core');
const [, , executablePath, viewer, trace, screenshot] = process.argv;

const page_text = '<!DOCTYPE html><meta charset="utf-8"><script src="webcomponents.min.js"></script>' +
	'<link rel="import" href="trace_viewer_full.html"><body></body>';

function answer(route) {
	const name = new URL(route.request().url()).pathname.slice(1);

	if (!name)
		return route.fulfill({ contentType: 'text/html', body: page_text });
	if (name === 'trace.json')
		return route.fulfill({ contentType: 'application/json', path: trace });
	return route.fulfill({ path: path.join(viewer, path.basename(name)) });
}

// In the page: the trace is imported and shown; then what of it there is.
async function show() {
	const text = await (await fetch('trace.json')).text();
	const model = new tr.Model(), options = new tr.importer.ImportOptions();
	const ns = ms => Math.round(ms * 1e6);

	options.shiftWorldToZero = false;
	await new tr.importer.Import(model, options).importTraces([text]);

	const view = document.createElement('tr-ui-timeline-view');
	const container = document.createElement('track-view-container');

	container.id = 'track_view_container';
	view.track_view_container = container;
	Polymer.dom(view).appendChild(container);
	view.globalMode = true;
	Polymer.dom(document.body).appendChild(view);
	view.model = model;
	return {
		warnings: model.importWarnings.map(String),
		threads: model.getAllThreads().map(thread => ({
			pid: thread.parent.pid,
			tid: thread.tid,
			process: thread.parent.name,
			name: thread.name,
			slices: thread.sliceGroup.slices.map(slice => ({
				name: slice.title,
				reason: slice.category,
				stack: slice.args.stack,
				begin: ns(slice.start),
				end: ns(slice.start + slice.duration),
				closed: !slice.didNotFinish,
			})),
		})),
		arrows: model.flowEvents.map(arrow => [arrow.startSlice, arrow.endSlice].map(slice => [
			slice.parentContainer.tid, ns(slice.start)])),
		counts: Object.values(model.processes).flatMap(process => Object.values(process.counters))
			.flatMap(counter => counter.series).map(series => [series.name,
				series.samples.map(sample => [ns(sample.timestamp), sample.value])]),
	};
}

async function main() {
	const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
	const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
	const errors = [];

	page.on('pageerror', error => errors.push(String(error)));
	await page.route('**/*', answer);
	await page.goto('http://viewer.test/');
	await page.waitForFunction(() => window.tr && tr.importer && window.Polymer);

	const seen = await page.evaluate(show);

	/* its tracks are drawn when the page has time */
	await page.evaluate(() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 200))));
	seen.errors = errors;
	if (screenshot)
		await page.screenshot({ path: screenshot });
	await browser.close();
	console.log(JSON.stringify(seen));
}

main().catch(error => {
	console.error(String(error).slice(0, 1000));
	process.exit(1);
});
