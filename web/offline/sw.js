// Opens the application without the server. Keeps the files of one build, all of them or none; never anything of the API.
//
// With a server, addresses are answered by it: what is new is seen at once, and this worker's build is only for when it is away.
// Files of a build carry a hash of their content in their names, so no two builds are ever mixed.
const BUILD = '__BUILD__';
/** Without these nothing opens. */
const SHELL = __SHELL__;
/** Fetched afterwards, when there is time. */
const REST = __REST__;
/** What the page of this build must name: proof that it is of this build. */
const ENTRY = '__ENTRY__';

const PREFIX = 'wenshu-shell-';
const CACHE = PREFIX + BUILD;
const PAGE = '/index.html';
/** A server that does not answer for so long is away. */
const PATIENCE_MS = 4000;
const AWAY = [502, 503, 504];

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('message', (event) => {
  if (event.data === 'activate') event.waitUntil(self.skipWaiting());
  if (event.data === 'fill') event.waitUntil(fill());
});
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') {
    if (!isServers(url.pathname)) event.respondWith(answerPage(request));
  } else if (SHELL.includes(url.pathname) || url.pathname.startsWith('/assets/')) {
    event.respondWith(answerFile(request, url.pathname));
  }
});

function isServers(path) {
  return path === '/api' || path.startsWith('/api/') || ['/healthz', '/readyz', '/metrics'].includes(path);
}

async function install() {
  const cache = await caches.open(CACHE);
  try {
    await Promise.all(SHELL.map((path) => keep(cache, path)));
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

async function keep(cache, path) {
  const isPage = path === PAGE;
  const response = await fetch(isPage ? '/' : path, { cache: isPage ? 'reload' : 'default' });
  if (!response.ok || response.redirected) throw new Error(`${path} cannot be kept: ${response.status}`);
  // While a server is being replaced it may give out the page of another build.
  if (isPage && !(await response.clone().text()).includes(ENTRY)) throw new Error('the page is of another build');
  await cache.put(path, response);
}

async function activate() {
  // Tabs that are open still run the build before this one.
  const builds = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(builds.slice(0, -1).map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** The rest of the build; what cannot be had now is fetched when it is needed. */
async function fill() {
  const cache = await caches.open(CACHE);
  for (const path of REST) {
    if (await cache.match(path)) continue;
    try {
      await keep(cache, path);
    } catch {
      return;
    }
  }
}

async function answerPage(request) {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(() => resolve(null), PATIENCE_MS)));
  const asked = fetch(request).catch(() => null);
  const first = await Promise.race([asked, late]);
  clearTimeout(timer);
  if (first && !AWAY.includes(first.status)) return first;
  const kept = await (await caches.open(CACHE)).match(PAGE);
  return kept ?? first ?? (await asked) ?? Response.error();
}

async function answerFile(request, path) {
  const kept = await caches.match(path);
  return kept ?? fetch(request);
}
