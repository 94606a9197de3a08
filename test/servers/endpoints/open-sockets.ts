import type { Duplex } from 'node:stream';

/** The connections of a server that are open now. */
export class OpenSockets {
  readonly #sockets = new Set<Duplex>();
  #waiting: (() => void)[] = [];

  get size(): number {
    return this.#sockets.size;
  }

  /** @returns the same socket, whose errors end it alone */
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

  /** Resolves when none is open any more. */
  allClosed(): Promise<void> {
    return this.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
