import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A part of a core that processes share, as the kernel limits those of a Lambda function. */
export interface CpuLimit {
  add(pid: number): void;
  /** Only after the processes have ended. */
  remove(): void;
}

/** Where version 1 of the kernel's control groups limits the processor time. Version 2 has one folder for all limits. */
const firstVersion = '/sys/fs/cgroup/cpu';
const secondVersion = '/sys/fs/cgroup';

/**
 * Makes a control group. This needs root, and a folder of control groups that may be written.
 *
 * @param cores the part of a core
 * @param periodUs when the processes have used their part of this time, they stop until it ends
 * @returns a text that says why there can be no such group
 */
export function limitCpu(cores: number, periodUs: number): CpuLimit | string {
  const isFirst = existsSync(join(firstVersion, 'cpu.cfs_quota_us'));
  const folder = join(isFirst ? firstVersion : secondVersion, `lastmile-bench-${process.pid}-${periodUs}`);
  const quotaUs = Math.round(cores * periodUs);
  const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
  try {
    mkdirSync(folder);
    if (isFirst) {
      write('cpu.cfs_period_us', String(periodUs));
      write('cpu.cfs_quota_us', String(quotaUs));
    } else write('cpu.max', `${quotaUs} ${periodUs}`);
  } catch (error) {
    return `the kernel's control groups cannot be set (${String(error)})`;
  }
  return {
    add: (pid) => write('cgroup.procs', String(pid)),
    remove: () => rmdirSync(folder),
  };
}
