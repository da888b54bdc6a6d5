/** What an address that somebody typed leads to: `example.org` is a web site, `li@example.org` a mailbox. */
export function linkTarget(address: string): string {
  if (/^[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+$/.test(address)) return `mailto:${address}`;
  return /^([a-z][a-z0-9+.-]*:|[/#])/i.test(address) && !/^[\w.-]+:\d+/.test(address) ? address : `https://${address}`;
}
