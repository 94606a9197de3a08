import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { awsCli } from './client-processes.ts';

/** Records each connection of a Node process that leaves this machine. It is loaded before the program. */
const nodeGuard = `
const { appendFileSync } = require('node:fs');
const { Socket } = require('node:net');
const connect = Socket.prototype.connect;
Socket.prototype.connect = function (...args) {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  const options = typeof first === 'object' ? first : { host: typeof args[1] === 'string' ? args[1] : 'localhost' };
  const host = options.path === undefined ? (options.host ?? 'localhost') : 'localhost';
  if (!/^(localhost|127\\.|::1$)/.test(host)) appendFileSync(process.env.LOOPBACK_GUARD, 'node ' + host + '\\n');
  return connect.apply(this, args);
};
`;

/** The same for a Python process, which loads a module of this name before the program. */
const pythonGuard = `
import os, socket
def guarded(name):
    connect = getattr(socket.socket, name)
    def guard(self, address):
        host = address[0] if isinstance(address, tuple) else 'localhost'
        if not (host in ('localhost', '::1') or host.startswith('127.')):
            with open(os.environ['LOOPBACK_GUARD'], 'a') as file:
                file.write('python %s\\n' % host)
        return connect(self, address)
    setattr(socket.socket, name, guard)
for name in ('connect', 'connect_ex'):
    guarded(name)
`;

export interface BareShell {
  readonly env: Readonly<Record<string, string>>;
  /** A line for each connection that left this machine. */
  readonly leftLoopback: () => string;
}

/** The environment of a newcomer's shell, which knows only PATH and HOME, and the guards of its programs. */
export function bareShell(folder: string): BareShell {
  symlinkSync(awsCli, join(folder, 'aws'));
  // The oldest boto3 of a user, which ignores AWS_ENDPOINT_URL.
  symlinkSync('/usr/bin/python3', join(folder, 'python3'));
  writeFileSync(join(folder, 'guard.cjs'), nodeGuard);
  writeFileSync(join(folder, 'sitecustomize.py'), pythonGuard);
  const left = join(folder, 'left-loopback.txt');
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((part) => !part.includes('node_modules'));
  const env = {
    PATH: [folder, ...path].join(delimiter),
    HOME: folder,
    LC_ALL: 'C.UTF-8',
    NODE_OPTIONS: `--require=${join(folder, 'guard.cjs')}`,
    PYTHONPATH: folder,
    LOOPBACK_GUARD: left,
    npm_config_update_notifier: 'false',
  };
  const leftLoopback = (): string => (existsSync(left) ? readFileSync(left, 'utf8') : '');
  return { env, leftLoopback };
}
