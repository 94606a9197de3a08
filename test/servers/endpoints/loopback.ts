import { parseAllowlist, publicOnly } from '../../../lib/core/address/address.ts';

/** Allows 127.0.0.1, as the local stack does: the servers of the tests listen there. */
export const loopbackCidrs = '127.0.0.0/8,::1/128';
export const loopback = parseAllowlist(loopbackCidrs) ?? publicOnly;
