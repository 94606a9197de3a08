import { startProxy } from '../endpoints/forwarding-server.ts';

/** A proxy that can lose answers. The server then executes the request, but the client gets no answer. */
export interface AnswerLosingProxy {
  readonly endpoint: string;
  /** Loses the next answer to a request whose X-Amz-Target ends with this operation. */
  loseNextAnswerTo(operation: string): void;
  readonly lostAnswers: number;
  stop(): Promise<void>;
}

export async function startAnswerLosingProxy(upstream: string): Promise<AnswerLosingProxy> {
  const toLose: string[] = [];
  let lostAnswers = 0;
  const proxy = await startProxy(upstream, async ({ headers }, body, forward) => {
    const target = String(headers['x-amz-target']);
    const index = toLose.findIndex((operation) => target.endsWith(`.${operation}`));
    if (index >= 0) toLose.splice(index, 1);
    const answer = await forward(body);
    if (index < 0) return answer;
    lostAnswers += 1;
    return 'broken';
  });
  return {
    ...proxy,
    loseNextAnswerTo(operation) {
      toLose.push(operation);
    },
    get lostAnswers() {
      return lostAnswers;
    },
  };
}
