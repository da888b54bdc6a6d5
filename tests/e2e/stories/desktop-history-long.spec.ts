// Does a very long history open in seconds? A recorded session of 259,778 edits, written into a page by two people, edit by edit.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { ADMIN, ask, COLLEAGUE, expect, newVisitor, shot, signIn, test } from '../support/story.ts';
import { CORPUS, ROOT } from '../support/paths.ts';

test.use({ story: 'history-long' });
test.setTimeout(900_000);

const EDITS = 259_779;

test('a page with 260,000 edits shows a moment far back within seconds', async ({ browser, server }, info) => {
  const chief = await (await newVisitor(browser, server, info)).newPage();
  const colleague = await (await newVisitor(browser, server, info)).newPage();
  await signIn(chief, ADMIN);
  const user = await ask<{ id: string }>(chief, '/users', {
    method: 'POST',
    data: { name: COLLEAGUE.name, display_name: COLLEAGUE.display, password: COLLEAGUE.password },
  });
  const library = await ask<{ id: string }>(chief, '/folders', { method: 'POST', data: { name: '论文' } });
  await chief.request.put(`/api/v1/folders/${library.id}/grants/user/${user.id}`, { data: { role: 'editor' } });
  await signIn(colleague, COLLEAGUE);
  const page = await ask<{ id: string }>(chief, '/documents', { method: 'POST', data: { kind: 'page', folder_id: library.id, name: 'A paper' } });
  const cookies = await Promise.all(
    [chief, colleague].map(async (one) => (await one.context().cookies()).find(({ name }) => name === 'wenshu_session')!.value),
  );
  const room = `${server.url.replace('http', 'ws')}/api/v1/rooms/${page.id}`;
  const trace = path.join(CORPUS, 'text/traces/automerge-paper.json.gz');
  const written = await promisify(execFile)('node', [path.join(ROOT, 'tests/clients/write-trace.mjs'), trace, room, ...cookies]);
  expect(JSON.parse(written.stdout)).toMatchObject({ edits: EDITS });

  const measured: Record<string, number> = {};
  const network = await chief.context().newCDPSession(chief);
  await network.send('Network.enable');
  let bytes = 0;
  network.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  const shown = chief.getByRole('article', { name: '文档内容' });
  const open = async (name: string, at: number, view: string) => {
    bytes = 0;
    const started = Date.now();
    await chief.goto(`/documents/${page.id}/history?at=${at}&view=${view}`);
    await expect(shown).not.toBeEmpty({ timeout: 120_000 });
    measured[`${name}, seconds`] = (Date.now() - started) / 1000;
    measured[`${name}, megabytes received`] = bytes / 1e6;
  };
  await open('far moment, first time', 20_000, 'then');
  const words = await shown.innerText();
  expect(words).toContain('documentclass');
  await open('far moment compared with now, again', 130_000, 'now');
  await expect(shown.locator('ins').first()).toBeAttached();
  await shot(chief, '60-long-history');

  // Once it is there, any other moment is a matter of the slider.
  await chief.getByRole('radiogroup', { name: '查看方式' }).getByText('当时全文').click();
  const slider = chief.getByRole('slider', { name: '时刻' });
  await slider.focus();
  const steps = 4;
  const started = Date.now();
  for (let step = 0; step < steps; step += 1) {
    const before = await shown.innerText();
    await chief.keyboard.press('PageDown');
    await expect.poll(() => shown.innerText(), { intervals: [20] }).not.toBe(before);
  }
  measured['another moment, seconds'] = (Date.now() - started) / 1000 / steps;
  console.log(JSON.stringify(measured, null, 2));
  expect(measured['far moment, first time, seconds']).toBeLessThan(30);
  expect(measured['another moment, seconds']).toBeLessThan(3);

  // The state of a far moment is also made by the server, when it gets a name.
  const named = Date.now();
  await ask(chief, `/documents/${page.id}/versions`, { method: 'POST', data: { note: '中途', at_seq: 130_000 } });
  console.log(`naming a moment: ${(Date.now() - named) / 1000} s`);
});
