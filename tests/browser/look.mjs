// Opens pages in headless Chromium and says what it saw, as one JSON object on stdout.
//
//   node look.mjs [--axe <axe.min.js>] [--shots <directory>] <page.html>…
//
// Of each page: the messages of the console, the requests besides the page itself, dialogs, links of the page that lead nowhere, what
// axe finds on a phone in light and on a wide screen in dark, whether the page is wider than the window, and tables of changes that leave
// little room for the lines. With --shots there are pictures at three widths, light and dark. It speaks the DevTools protocol through
// two pipes and needs no package.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const args = process.argv.slice(2);
const option = (name) => (args[0] === name ? (args.shift(), args.shift()) : undefined);
const axe = option('--axe');
const shots = option('--shots');
const pages = args;

const profile = mkdtempSync(join(tmpdir(), 'git-chant-browser-'));
const browser = spawn('chromium', [
	'--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars', '--no-first-run',
	'--disable-background-networking', '--disable-component-update', '--disable-extensions', '--remote-debugging-pipe',
	`--user-data-dir=${profile}`, 'about:blank',
], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true });

let next = 0;
const waiting = new Map();
const listeners = new Set();
let buffer = '';
browser.stdio[4].setEncoding('utf8').on('data', (chunk) => {
	buffer += chunk;
	for (let at; (at = buffer.indexOf('\0')) >= 0; buffer = buffer.slice(at + 1)) {
		const message = JSON.parse(buffer.slice(0, at));
		if (message.id) {
			const { done, fail } = waiting.get(message.id);
			waiting.delete(message.id);
			message.error ? fail(new Error(JSON.stringify(message.error))) : done(message.result);
		} else {
			listeners.forEach((listener) => listener(message));
		}
	}
});

function send(method, params = {}, sessionId) {
	const id = ++next;
	browser.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0');
	return new Promise((done, fail) => waiting.set(id, { done, fail }));
}

async function look(page) {
	const url = pathToFileURL(resolve(page)).href;
	const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
	const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
	const tell = (method, params) => send(method, params, sessionId);
	const seen = { page: basename(page), messages: [], requests: [], dialogs: [], loose: [], axe: [], wide: [], narrow: [], title: '' };
	let loaded;
	const load = new Promise((done) => { loaded = done; });
	const listener = ({ method, params, sessionId: from }) => {
		if (from !== sessionId) return;
		if (method === 'Page.loadEventFired') loaded();
		if (method === 'Runtime.consoleAPICalled') seen.messages.push(JSON.stringify(params.args.map((arg) => arg.value)));
		if (method === 'Runtime.exceptionThrown') seen.messages.push(params.exceptionDetails.text);
		if (method === 'Log.entryAdded') seen.messages.push(params.entry.text);
		if (method === 'Network.requestWillBeSent' && params.request.url !== url) seen.requests.push(params.request.url);
		if (method === 'Page.javascriptDialogOpening') {
			seen.dialogs.push(params.message);
			tell('Page.handleJavaScriptDialog', { accept: false });
		}
	};
	listeners.add(listener);
	await Promise.all(['Page.enable', 'Runtime.enable', 'Log.enable', 'Network.enable'].map((method) => tell(method)));
	await tell('Page.navigate', { url });
	await load;
	const evaluate = async (expression) => {
		const { result, exceptionDetails } = await tell('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
		if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
		return result.value;
	};
	// A script of the page would have had its turn by now; a frame later it has.
	await evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
	seen.title = await evaluate('document.title');
	seen.owned = await evaluate('typeof owned');
	seen.scripts = await evaluate('document.querySelectorAll("script, iframe, object, embed, img, form, input, link, base, audio, video").length');
	seen.handlers = await evaluate('[...document.querySelectorAll("*")].flatMap((e) => [...e.attributes]).filter((a) => /^on|^style$/i.test(a.name)).map((a) => a.name)');
	seen.loose = await evaluate('[...document.querySelectorAll("a[href]")].map((a) => a.getAttribute("href")).filter((to) => to.startsWith("#") ? !document.getElementById(decodeURIComponent(to.slice(1))) : !/^(https?:|mailto:)/i.test(to) && !/^[\\w.+-]+\\.html$/.test(to))');
	seen.twice = await evaluate('(() => { const ids = [...document.querySelectorAll("[id]")].map((e) => e.id); return ids.filter((id, at) => ids.indexOf(id) !== at); })()');
	// What is folded is looked at, too.
	await evaluate('document.querySelectorAll("details").forEach((e) => { e.open = true; }); 0');
	if (axe) await evaluate(`${readFileSync(axe, 'utf8')}; 0`);
	for (const scheme of ['light', 'dark']) {
		await tell('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
		for (const width of [360, 800, 1280]) {
			await tell('Emulation.setDeviceMetricsOverride', { width, height: 900, deviceScaleFactor: 1, mobile: false });
			const overhang = await evaluate('document.documentElement.scrollWidth - innerWidth');
			if (overhang > 0) seen.wide.push(`${overhang} px at ${width}`);
			const narrow = await evaluate('[...document.querySelectorAll(".diff")].filter((e) => e.querySelector("tbody td:last-child").offsetWidth < 0.6 * e.offsetWidth).length');
			if (narrow > 0) seen.narrow.push(`${narrow} at ${width}`);
			if (shots) {
				const height = await evaluate('document.documentElement.scrollHeight');
				const clip = { x: 0, y: 0, width, height: Math.min(height, 30000), scale: 1 };
				const { data } = await tell('Page.captureScreenshot', { captureBeyondViewport: true, clip });
				writeFileSync(join(shots, `${basename(page, '.html')}-${scheme}-${width}.png`), Buffer.from(data, 'base64'));
			}
			if (axe && width === (scheme === 'light' ? 360 : 1280)) {
				const found = await evaluate('axe.run(document, { resultTypes: ["violations"] }).then((r) => r.violations.map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(" | ")))');
				seen.axe.push(...found.map((one) => `${scheme} ${width}: ${one}`));
			}
		}
	}
	listeners.delete(listener);
	await send('Target.closeTarget', { targetId });
	return seen;
}

try {
	const found = [];
	for (const page of pages) found.push(await look(page));
	process.stdout.write(JSON.stringify({ pages: found }));
} finally {
	const gone = new Promise((done) => browser.once('exit', done));
	// All its processes: each would go on writing into the profile.
	process.kill(-browser.pid, 'SIGKILL');
	await gone;
	try {
		rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
	} catch {
		// What cannot be removed is a temporary directory, and says nothing of the pages.
	}
}
