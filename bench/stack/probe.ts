/** Loaded before the command that starts the local stack. Answers what the process has used so far. */
import { answerAsks, cpuMs } from '../peers/process.ts';

export interface Usage {
  readonly cpuMs: number;
  readonly residentBytes: number;
}

answerAsks(async (): Promise<Usage> => ({ cpuMs: cpuMs(), residentBytes: process.memoryUsage.rss() }));
