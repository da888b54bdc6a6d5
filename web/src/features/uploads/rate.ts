const WINDOW_MS = 6_000;

/** Measures bytes per second over the last few seconds. */
export class RateMeter {
  private samples: { at: number; bytes: number }[] = [];

  /** Notes that `bytes` were sent in all by now; a smaller number than before (a resumed upload) starts anew. */
  add(bytes: number, at = Date.now()): void {
    const last = this.samples.at(-1);
    if (last && bytes < last.bytes) this.samples = [];
    this.samples.push({ at, bytes });
    while (this.samples.length > 2 && this.samples[0]!.at < at - WINDOW_MS) this.samples.shift();
  }

  reset(): void {
    this.samples = [];
  }

  /** Bytes per second; 0 while unknown. */
  get bytesPerSecond(): number {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.at - first.at < 200) return 0;
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  }
}
