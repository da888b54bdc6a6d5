// A stand-in for the server in component tests: answers by method and path, and remembers what was asked.
import { vi } from 'vitest';

export interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
}

type Answer = unknown | ((call: Call) => unknown);

/** An answer with a status of its own. */
export class Reply {
  constructor(
    readonly status: number,
    readonly body: unknown = undefined,
  ) {}
}

export function errorReply(status: number, code: string, extra: Record<string, unknown> = {}): Reply {
  return new Reply(status, { error: { code, message: `server says ${code}`, request_id: 'r1', ...extra } });
}

/** Replaces `fetch`; keys are like `GET /folders/:id/children`, with any id for `:id`. */
export function mockServer(answers: Record<string, Answer>): Call[] {
  const calls: Call[] = [];
  const rules = Object.entries(answers).map(([key, answer]) => {
    const [method = '', path = ''] = key.split(' ');
    return { method, pattern: new RegExp(`^/api/v1${path.replace(/:\w+/g, '[^/]+')}$`), answer };
  });
  vi.stubGlobal('fetch', async (address: string, init: RequestInit = {}) => {
    const url = new URL(address, 'http://test');
    const call: Call = {
      method: init.method ?? 'GET',
      path: url.pathname.replace('/api/v1', ''),
      query: url.searchParams,
      body: typeof init.body === 'string' ? JSON.parse(init.body) : undefined,
    };
    calls.push(call);
    const rule = rules.find(({ method, pattern }) => method === call.method && pattern.test(url.pathname));
    let answer: unknown = rule ? rule.answer : errorReply(404, 'not_found');
    if (typeof answer === 'function') answer = await (answer as (call: Call) => unknown)(call);
    const reply = answer instanceof Reply ? answer : new Reply(answer === undefined ? 204 : 200, answer);
    return new Response(reply.body === undefined ? null : JSON.stringify(reply.body), { status: reply.status });
  });
  return calls;
}
