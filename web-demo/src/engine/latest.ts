/**
 * Runs one job at a time. Of the jobs asked for while one runs, only the last is
 * run; the answer of each that ran is used, unless cancel() came between.
 */
export class Latest {
  readonly #pauseMs: (tookMs: number) => number;
  #next: (() => Promise<void>) | undefined;
  #running = false;
  #era = 0;

  /** `pauseMs` says how long to rest after a job that took so long. */
  constructor(pauseMs: (tookMs: number) => number = () => 0) {
    this.#pauseMs = pauseMs;
  }

  run<T>(job: () => Promise<T>, use: (answer: T) => void, onError: (error: unknown) => void): void {
    const era = this.#era;
    this.#next = async () => {
      try {
        const answer = await job();
        if (era === this.#era) use(answer);
      } catch (error) {
        if (era === this.#era) onError(error);
      }
    };
    void this.#drain();
  }

  /** What was asked for before is not used any more. */
  cancel(): void {
    ++this.#era;
    this.#next = undefined;
  }

  async #drain(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#next !== undefined) {
      const job = this.#next;
      this.#next = undefined;
      const started = performance.now();
      await job();
      const pauseMs = this.#pauseMs(performance.now() - started);
      if (pauseMs > 0) await new Promise((go) => setTimeout(go, pauseMs));
    }
    this.#running = false;
  }
}
