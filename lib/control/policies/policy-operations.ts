import {
  deleteConnectionPolicy,
  getConnectionPolicy,
  putConnectionPolicy,
  updateConnectionPolicy,
} from './connection-policies.ts';
import {
  deleteDeliveryPolicy,
  getDeliveryPolicy,
  putDeliveryPolicy,
  updateDeliveryPolicy,
} from './delivery-policies.ts';
import type { Operation } from '../operation.ts';
import type { PolicyDependencies } from './policy-checks.ts';

/** The keys are names of operations, as in X-Amz-Target. EventBridge does not have these operations. */
export function createPolicyOperations(dependencies: PolicyDependencies): Readonly<Record<string, Operation>> {
  return {
    PutDeliveryPolicy: putDeliveryPolicy(dependencies),
    UpdateDeliveryPolicy: updateDeliveryPolicy(dependencies),
    GetDeliveryPolicy: getDeliveryPolicy(dependencies),
    DeleteDeliveryPolicy: deleteDeliveryPolicy(dependencies),
    PutConnectionPolicy: putConnectionPolicy(dependencies),
    UpdateConnectionPolicy: updateConnectionPolicy(dependencies),
    GetConnectionPolicy: getConnectionPolicy(dependencies),
    DeleteConnectionPolicy: deleteConnectionPolicy(dependencies),
  };
}
