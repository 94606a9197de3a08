import { deleteConnectionPolicy, getConnectionPolicy, putConnectionPolicy } from './connection-policies.ts';
import { deleteDeliveryPolicy, getDeliveryPolicy, putDeliveryPolicy } from './delivery-policies.ts';
import type { Operation } from '../operation.ts';
import type { PolicyDependencies } from './policy-checks.ts';

/** Each key of the result is the name of an operation in X-Amz-Target. EventBridge has none of them. */
export function createPolicyOperations(dependencies: PolicyDependencies): Readonly<Record<string, Operation>> {
  return {
    PutDeliveryPolicy: putDeliveryPolicy(dependencies),
    GetDeliveryPolicy: getDeliveryPolicy(dependencies),
    DeleteDeliveryPolicy: deleteDeliveryPolicy(dependencies),
    PutConnectionPolicy: putConnectionPolicy(dependencies),
    GetConnectionPolicy: getConnectionPolicy(dependencies),
    DeleteConnectionPolicy: deleteConnectionPolicy(dependencies),
  };
}
