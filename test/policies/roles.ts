import { createRequire } from 'node:module';
import type { Statement } from './evaluate.ts';

/** A text, or an intrinsic function of CloudFormation. */
export type TemplateText = string | { readonly [Intrinsic: string]: unknown };

export interface TemplateStatement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: readonly TemplateText[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly TemplateText[]>>>>;
}

interface TemplateRole {
  readonly Type: string;
  readonly Properties: {
    readonly AssumeRolePolicyDocument: unknown;
    readonly Policies: readonly { readonly PolicyDocument: { readonly Statement: readonly TemplateStatement[] } }[];
  };
}

export type TemplateRoles = Readonly<Record<string, TemplateRole>>;

/** The stage parameters that the roles depend on, after validation. */
export interface RoleParameters {
  readonly eventBusName: string;
  readonly stateEventsBusName?: string;
  readonly deadLetterQueueArns: readonly string[];
  readonly secretArns: readonly string[];
  readonly keyArns: readonly string[];
  readonly kmsKeyArn?: string;
  readonly subnetIds: readonly string[];
  readonly keepEventsDays?: number;
  readonly orderedDeliveries?: boolean;
}

interface RolesFile {
  (osls: { readonly resolveVariable: (variable: string) => Promise<unknown> }): Promise<TemplateRoles>;
  readonly rolesOf: (stack: string, parameters: RoleParameters) => TemplateRoles;
}

const require = createRequire(import.meta.url);

/** The path of the deployed file. */
export const rolesFile = require('../../infra/template/roles.cjs') as RolesFile;

const noParameters: RoleParameters = {
  eventBusName: 'default',
  deadLetterQueueArns: [],
  secretArns: [],
  keyArns: [],
  subnetIds: [],
};

/** @param given the parameters that differ from their defaults */
export function rolesOf(stack: string, given: Partial<RoleParameters> = {}): TemplateRoles {
  return rolesFile.rolesOf(stack, { ...noParameters, ...given });
}

export function statementsOf(roles: TemplateRoles, id: string): readonly TemplateStatement[] {
  const role = roles[id];
  if (role === undefined) throw new Error(`There is no role ${id}.`);
  return role.Properties.Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

/** The region and account of a stack, and the names of its unnamed resources. */
export interface Surroundings {
  readonly region: string;
  readonly account: string;
  /** The keys are `<logical id>` or `<logical id>.<attribute>`. */
  readonly references: Readonly<Record<string, string>>;
}

/** A role's statements as IAM sees them after the deployment of the template. */
export function deployedStatements(roles: TemplateRoles, id: string, surroundings: Surroundings): readonly Statement[] {
  const text = (value: TemplateText): string => resolve(value, surroundings);
  return statementsOf(roles, id).map(({ Effect, Action, Resource, Condition }) => {
    const plain = { Effect, Action, Resource: Resource.map(text) };
    if (Condition === undefined) return plain;
    const resolved = Object.entries(Condition).map(([operator, keys]) => {
      const values = Object.entries(keys).map(([key, patterns]) => [key, patterns.map(text)]);
      return [operator, Object.fromEntries(values)];
    });
    return { ...plain, Condition: Object.fromEntries(resolved) as NonNullable<Statement['Condition']> };
  });
}

/** @throws Error for an intrinsic function that these templates do not use */
function resolve(value: TemplateText, { region, account, references }: Surroundings): string {
  const known: Readonly<Record<string, string>> = {
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::AccountId': account,
    ...references,
  };
  const find = (name: string): string => {
    const found = known[name];
    if (found === undefined) throw new Error(`Nothing is called ${name}.`);
    return found;
  };
  if (typeof value === 'string') return value;
  const [[name, argument] = []] = Object.entries(value);
  if (name === 'Ref' && typeof argument === 'string') return find(argument);
  if (name === 'Fn::GetAtt' && Array.isArray(argument)) return find(argument.join('.'));
  if (name === 'Fn::Sub' && typeof argument === 'string') {
    return argument.replace(/\$\{([^}]+)\}/g, (_, reference: string) => find(reference));
  }
  throw new Error(`Nothing is known of ${name}.`);
}
