// SPDX-License-Identifier: MIT
// A load for node: compiled JavaScript, HTTP on loopback, the thread pool, a worker, files, timers.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const zlib = require('zlib');
const { Worker, isMainThread } = require('worker_threads');

function shuffle(count) {
	const items = [];
	for (let i = 0; i < count; i++)
		items.push({ key: (i * 7919) % 10007, name: 'item' + i });
	items.sort((a, b) => a.key - b.key || (a.name < b.name ? -1 : 1));
	return JSON.stringify(items).replace(/\d+/g, (d) => d.length).length;
}

function descend(depth) {
	return depth === 0 ? shuffle(10) : 1 + descend(depth - 1);
}

if (!isMainThread) {
	setInterval(() => { shuffle(2000); descend(20); }, 5);
} else {
	const data = Buffer.alloc(1 << 16, 'systemscope ');
	const server = http.createServer((request, response) => {
		zlib.gzip(data, (error, zipped) => response.end(zipped));
	});
	const agent = new http.Agent({ keepAlive: true });

	const ask = () => {
		http.get({ port: server.address().port, agent }, (response) => {
			response.resume();
			response.on('end', () => { shuffle(300); setImmediate(ask); });
		});
	};
	const derive = () => {
		crypto.pbkdf2('word', 'salt', 2000, 64, 'sha512', () => setTimeout(derive, 3));
	};
	const reread = () => fs.promises.readFile(__filename).then(() => setTimeout(reread, 1));

	new Worker(__filename);
	server.listen(0, '127.0.0.1', () => {
		ask();
		ask();
		derive();
		reread();
		console.log('ready');
	});
}
