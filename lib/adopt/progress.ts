/** Five steps that fail in a run have probably one cause, such as a missing permission. */
const maxFailures = 5;

/** Says what was done and what was not, step by step. */
export class Progress {
  readonly #say: (line: string) => void;
  done = 0;
  failed = 0;
  skipped = 0;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** @param work returns what was done in one word; undefined when there was nothing to do */
  async step(what: string, work: () => Promise<string | undefined>): Promise<void> {
    if (this.failed >= maxFailures) {
      this.skip(what, `the run has stopped after ${maxFailures} failures`);
      return;
    }
    try {
      const did = await work();
      if (did === undefined) return;
      this.done += 1;
      this.#say(`${did.padEnd(9)} ${what}`);
    } catch (error) {
      this.failed += 1;
      this.#say(`FAILED    ${what}: ${messageOf(error)}`);
    }
  }

  skip(what: string, reason: string): void {
    this.skipped += 1;
    this.#say(`not done  ${what}: ${reason}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
