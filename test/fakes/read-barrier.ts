/** A port whose `read` returns only after the expected number of callers have read, so that all of them see the same state. */
export function withReadBarrier<Read extends { read(name: string): Promise<unknown> }>(port: Read): ReadBarrier<Read> {
  let expected = 0;
  let waiting: (() => void)[] = [];
  const read = async (name: string): Promise<unknown> => {
    const answer = await port.read(name);
    if (expected === 0) return answer;
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length < expected) return;
      for (const release of waiting) release();
      [waiting, expected] = [[], 0];
    });
    return answer;
  };
  return {
    port: { ...port, read },
    expectReaders(count) {
      expected = count;
    },
  };
}

export interface ReadBarrier<Read> {
  readonly port: Read;
  /** Makes the next reads wait for each other until there are this many. Later reads do not wait. */
  expectReaders(count: number): void;
}
