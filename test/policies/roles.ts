import { createRequire } from 'node:module';

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

export interface RoleParameters {
  readonly stage: string;
  readonly eventBusName?: string;
  readonly deadLetterQueueArns?: string | readonly string[];
  readonly secretArns?: string | readonly string[];
  readonly kmsKeyArn?: string;
  readonly subnetIds?: string | readonly string[];
}

interface RolesFile {
  (osls: { readonly resolveVariable: (variable: string) => Promise<unknown> }): Promise<TemplateRoles>;
  readonly rolesOf: (parameters: RoleParameters) => TemplateRoles;
}

const require = createRequire(import.meta.url);

/** The file that is deployed. */
export const rolesFile = require('../../infra/roles.cjs') as RolesFile;

/** All statements of a role's policies. */
export function statementsOf(roles: TemplateRoles, id: string): readonly TemplateStatement[] {
  const role = roles[id];
  if (role === undefined) throw new Error(`There is no role ${id}.`);
  return role.Properties.Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}
