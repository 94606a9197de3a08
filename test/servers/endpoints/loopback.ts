import { parseAllowlist, publicOnly } from '../../../lib/core/address/address.ts';

/** As the local stack opens it: servers of tests listen on 127.0.0.1. */
export const loopbackCidrs = '127.0.0.0/8,::1/128';
export const loopback = parseAllowlist(loopbackCidrs) ?? publicOnly;
