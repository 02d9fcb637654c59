// SPDX-License-Identifier: MIT
//
// devtools.mjs ENGINE TRACE - what the engine of Chromium's own panel for traces makes of TRACE, as JSON
// on stdout. ENGINE is where npm put its package.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , engine, file] = process.argv;
const warnings = [];

globalThis.DOMRect = class {};	/* the engine is a page's */
console.error = console.warn = (...words) => warnings.push(words.join(' '));

const Trace = await import(pathToFileURL(path.join(engine, 'models', 'trace', 'trace.js')));
const model = Trace.TraceModel.Model.createWithAllHandlers();

await model.parse(JSON.parse(fs.readFileSync(file, 'utf8')).traceEvents);

const { data } = model.parsedTrace();
const ns = us => Math.round(us * 1e3);

console.log(JSON.stringify({
	warnings,
	errors: [],
	threads: Trace.Handlers.Threads.threadsInTrace(data).map(thread => ({
		pid: thread.pid,
		tid: thread.tid,
		process: data.Meta.processNames.get(thread.pid).args.name,
		name: thread.name,
		slices: thread.entries.map(slice => ({
			name: slice.name,
			reason: slice.cat,
			begin: ns(slice.ts),
			end: ns(slice.ts + slice.dur),
			closed: true,
		})),
	})),
}));
