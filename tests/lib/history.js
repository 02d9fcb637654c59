// SPDX-License-Identifier: MIT
// history.js - through the history of a page, asked for by the page itself. The browser's own process
// hears of a pushState later than the page knows of it: its "back", asked for at once, can start from
// where the page was before.
'use strict';

const LONGEST_MS = 30000;

// Does `act`, which moves through the history, and waits until the page has heard of it.
async function travel(page, act) {
	await page.evaluate(() => {
		window.travelled = new Promise(done => window.addEventListener('popstate', () => done(), { once: true }));
	});
	await act();
	await page.evaluate(ms => Promise.race([window.travelled, new Promise((done, fail) =>
		setTimeout(() => fail(new Error('the history did not move')), ms))]), LONGEST_MS);
}

const back = page => travel(page, () => page.evaluate(() => history.back()));
const forward = page => travel(page, () => page.evaluate(() => history.forward()));

// The page anew, where it is now.
async function reload(page) {
	await Promise.all([page.waitForEvent('domcontentloaded'),
		page.evaluate(() => { setTimeout(() => location.reload()); })]);
}

module.exports = { travel, back, forward, reload };
