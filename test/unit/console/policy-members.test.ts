import { expect, test } from 'vitest';
import { draftOfPolicy, policyMembers, policyOf } from '../../../lib/console/page/api-destinations/policy-members.ts';
import type { DeliveryPolicy } from '../../../lib/console/page/data/lastmile-operations.ts';
import { lastmileModel } from '../../../lib/protocol/model/service-models.ts';
import { shapeOf } from '../../../lib/protocol/model/service-model.ts';

test('the policy editor has a field for every member of a delivery policy', () => {
  const shape = shapeOf(lastmileModel, 'PutDeliveryPolicyRequest');
  const members = Object.keys(shape.type === 'structure' ? shape.members : {});
  const shown = policyMembers.map(({ path }) => path.split('.')[0]);
  const others = ['ApiDestinationName', 'ApiDestinationArn', 'InvocationRateLimit'];
  expect([...new Set([...shown, ...others])].sort()).toEqual(members.sort());
});

const policy: DeliveryPolicy = {
  TimeoutSeconds: 2.5,
  InvocationRateLimit: 'NONE',
  RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 60 },
  RetryableStatuses: [404, 410],
  Transformer: { Type: 'JSONATA', Expression: '{\n  "number": detail.orderId\n}' },
  Format: 'CLOUDEVENTS_BINARY',
  Signing: { SecretArn: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:s' },
  ProxyUrl: 'http://proxy.example.com:3128',
};

test('a policy that is shown in the form and saved unchanged stays the same', () => {
  expect(policyOf(draftOfPolicy(policy))).toEqual(policy);
});

test('an emptied field leaves its member out, so that the default applies', () => {
  const draft = draftOfPolicy(policy);
  const texts = { ...draft.texts, TimeoutSeconds: ' ', 'RetryPolicy.MaximumRetryAttempts': '' };
  expect(policyOf({ texts, isWithoutRateLimit: false })).toEqual({
    RetryPolicy: { MaximumEventAgeInSeconds: 60 },
    RetryableStatuses: [404, 410],
    Transformer: policy.Transformer,
    Format: 'CLOUDEVENTS_BINARY',
    Signing: policy.Signing,
    ProxyUrl: policy.ProxyUrl,
  });
});

test('a member that the form does not know, such as one of a newer stack, is kept when the policy is saved', () => {
  const newer = { ...policy, ApiDestinationName: 'orders', Unheard: { Of: 1 } };
  expect(policyOf(draftOfPolicy(newer), newer)).toEqual({ ...policy, Unheard: { Of: 1 } });
});

test('a text that is not a number reaches the service, which then says what is wrong with it', () => {
  const texts = { Burst: 'ten', RetryableStatuses: '404, none' };
  expect(policyOf({ texts, isWithoutRateLimit: false })).toEqual({ Burst: 'ten', RetryableStatuses: [404, 'none'] });
});
