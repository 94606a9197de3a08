import type { Duplex } from 'node:stream';

/** The open connections of a server. */
export class OpenSockets {
  readonly #sockets = new Set<Duplex>();
  #waiting: (() => void)[] = [];

  get size(): number {
    return this.#sockets.size;
  }

  /** @returns the same socket; an error on it ends only this socket */
  keep<Kept extends Duplex>(socket: Kept): Kept {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.size > 0) return;
      for (const resolve of this.#waiting) resolve();
      this.#waiting = [];
    });
    return socket;
  }

  /** Resolves when no connection is open. */
  allClosed(): Promise<void> {
    return this.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
