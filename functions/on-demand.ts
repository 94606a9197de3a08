/** A part of a function that is loaded when it is first used. */
export interface OnDemand<Part> {
  /** Calls the part, as soon as it is loaded. Performance: when it is loaded, the call adds no promise of its own. */
  use<Result>(call: (part: Part) => Promise<Result>): Promise<Result>;
}

/**
 * Calls that come while the part is being loaded wait for the same load.
 *
 * Failure policy: if the part cannot be loaded, every call that waits for it rejects with the reason, and the next call tries
 * again. So its delivery goes back to its sender, and this worker can deliver it later.
 */
export function onDemand<Part>(load: () => Promise<Part>): OnDemand<Part> {
  let loaded: { readonly part: Part } | undefined;
  let loading: Promise<Part> | undefined;

  async function loadOnce(): Promise<Part> {
    try {
      const part = await load();
      loaded = { part };
      return part;
    } finally {
      loading = undefined;
    }
  }

  return {
    use: (call) => (loaded === undefined ? (loading ??= loadOnce()).then(call) : call(loaded.part)),
  };
}
