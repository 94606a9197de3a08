/** Whether a call fails before or after its effect. After the effect, only the answer is lost. */
export type FaultTime = 'before' | 'after';

/** Makes the calls of ports fail on purpose. */
export interface Faults {
  /** Wraps a port so that its calls are counted and can fail. */
  wrap<Port extends object>(name: string, port: Port): Port;
  /** The next call of `<port>.<method>` fails; with `always`, every later one too. */
  fail(call: string, time: FaultTime, always?: 'always'): void;
  /** Every call from this number on, counted from 1, fails as if the process had died. */
  dieAt(call: number, time: FaultTime): void;
  /** The next call of `<port>.<method>` waits before its effect until it is released. */
  hold(call: string): Held;
  /** Removes all faults, and counts calls from 1 again. */
  heal(): void;
  /** The names of the calls since the last `heal`, in order. */
  readonly calls: readonly string[];
}

export interface Held {
  /** Resolves when the call was made and is waiting. */
  readonly reached: Promise<void>;
  release(): void;
}

export class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
}

interface Hold {
  readonly call: string;
  readonly reach: () => void;
  readonly released: Promise<void>;
}

interface Plan {
  readonly call: string;
  readonly time: FaultTime;
  readonly always: boolean;
}

export function createFaults(): Faults {
  let plans: Plan[] = [];
  let death: { readonly call: number; readonly time: FaultTime } | undefined;
  let calls: string[] = [];
  let holds: Hold[] = [];

  function faultOf(call: string): FaultTime | undefined {
    calls.push(call);
    if (death !== undefined && calls.length > death.call) return 'before';
    if (death !== undefined && calls.length === death.call) return death.time;
    const plan = plans.find((each) => each.call === call);
    if (plan?.always === false) plans = plans.filter((each) => each !== plan);
    return plan?.time;
  }

  return {
    wrap<Port extends object>(name: string, port: Port): Port {
      return new Proxy(port, {
        get(target, method, receiver) {
          const member: unknown = Reflect.get(target, method, receiver);
          if (typeof member !== 'function') return member;
          return async (...args: unknown[]) => {
            const call = `${name}.${String(method)}`;
            const fault = faultOf(call);
            const hold = holds.find((each) => each.call === call);
            holds = holds.filter((each) => each !== hold);
            hold?.reach();
            await hold?.released;
            if (fault === 'before') throw new InjectedFault(call);
            const answer: unknown = await Reflect.apply(member, target, args);
            if (fault === 'after') throw new InjectedFault(call);
            return answer;
          };
        },
      });
    },
    fail(call, time, always) {
      plans.push({ call, time, always: always === 'always' });
    },
    dieAt(call, time) {
      death = { call, time };
    },
    hold(call) {
      const reached = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      holds.push({ call, reach: reached.resolve, released: released.promise });
      return { reached: reached.promise, release: released.resolve };
    },
    heal() {
      plans = [];
      death = undefined;
      calls = [];
    },
    get calls() {
      return calls;
    },
  };
}
