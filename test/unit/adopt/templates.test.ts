import { expect, test } from 'vitest';
import { cloudFormationOf, logicalId } from '../../../lib/adopt/cloudformation.ts';
import { placeholder } from '../../../lib/adopt/credentials.ts';
import { emptyLastmile } from '../../../lib/adopt/descriptions.ts';
import { makePlan } from '../../../lib/adopt/plan.ts';
import { terraformOf } from '../../../lib/adopt/terraform.ts';
import { queueArn, secretArn, variedEventBridge as source } from './adopt-story.ts';

const plan = makePlan(source, emptyLastmile, { stage: 'prod', rules: [], copySecrets: false });

test('the CloudFormation version declares what the plan creates, and names the secrets by their ARN', () => {
  const { Resources, Metadata } = cloudFormationOf(plan);
  const crm = logicalId('ApiDestination', 'crm.eu');
  expect(Resources).toMatchObject({
    Connectionshop: {
      Type: 'Custom::LastmileConnection',
      Properties: { Name: 'shop', AuthParameters: { ApiKeyAuthParameters: { ApiKeyValue: { Ref: 'Placeholder' } } } },
    },
    ConnectionPolicyshop: { Properties: { ConnectionName: { Ref: 'Connectionshop' }, SecretArn: secretArn('shop') } },
    // The placeholder gets no token, so the deployment must not wait for one before the policy is there.
    Connectioncrm: { Properties: { WaitForAuthorization: false } },
    ApiDestinationorders: {
      Type: 'Custom::LastmileApiDestination',
      Properties: {
        InvocationEndpoint: 'https://api.example.com/orders',
        ConnectionArn: { 'Fn::GetAtt': ['Connectionshop', 'Arn'] },
      },
    },
    [crm]: { Properties: { Name: 'crm.eu' } },
  });
  expect(crm).toMatch(/^[A-Za-z0-9]+$/);
  expect(crm).not.toBe(logicalId('ApiDestination', 'crmeu'));
  expect(Metadata).toMatchObject({ RuleTargets: { 'default/placed': [{ Id: 't1', Arn: queueArn }, { Id: 't2' }] } });
  expect(Metadata).not.toHaveProperty(['RuleTargets', 'default/odd']);
});

test('the Terraform version reads the secrets, imports the targets that exist, and escapes its own expressions', () => {
  const { resource, data, import: imports } = terraformOf(plan, source);
  const secret = 'jsondecode(data.aws_secretsmanager_secret_version.crm.secret_string)';
  expect(data).toMatchObject({ aws_secretsmanager_secret_version: { crm: { secret_id: secretArn('crm') } } });
  expect(resource).toMatchObject({
    aws_cloudwatch_event_connection: {
      shop: { provider: 'aws.lastmile', name: 'shop', auth_parameters: { api_key: {} } },
      crm: {
        auth_parameters: {
          oauth: {
            client_parameters: { client_secret: `\${${secret}.client_secret}` },
            oauth_http_parameters: {
              body: [
                {
                  key: 'scope',
                  value: `\${${secret}.oauth_http_parameters.body_parameters[0].value}`,
                  is_value_secret: false,
                },
              ],
            },
          },
          invocation_http_parameters: {
            header: [
              { key: 'x-a' },
              { key: 'x-b', value: `\${${secret}.invocation_http_parameters.header_parameters[1].value}` },
            ],
          },
        },
      },
    },
    aws_cloudwatch_event_api_destination: {
      orders: { connection_arn: '${aws_cloudwatch_event_connection.shop.arn}' },
    },
  });
  expect(imports).toMatchObject([{ id: 'default/placed/t1' }, { id: 'default/placed/t2' }]);
  expect(JSON.stringify(resource)).toContain('$${name}');
});

test('the placeholder of credentials is only the default of a parameter that CloudFormation does not show', () => {
  expect(JSON.stringify(terraformOf(plan, source))).not.toContain(placeholder);
  const { Parameters, ...others } = cloudFormationOf(plan);
  expect(Parameters).toMatchObject({ Placeholder: { NoEcho: true, Default: placeholder } });
  expect(JSON.stringify(others)).not.toContain(placeholder);
});
