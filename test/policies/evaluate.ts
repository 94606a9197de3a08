/** A statement of an identity-based policy, with every intrinsic function resolved. */
export interface Statement {
  readonly Effect: string;
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** A request to AWS, as IAM sees it. */
export interface AuthorizedCall {
  /** Such as `sqs:SendMessage`. */
  readonly action: string;
  /** ARNs; each one must be allowed. */
  readonly resources: readonly string[];
  /** Partition keys of the items of a table or an index; absent for every other service. */
  readonly leadingKeys?: readonly string[];
}

/** The only supported form of a condition. */
const operator = 'ForAllValues:StringLike';
const conditionKey = 'dynamodb:LeadingKeys';

/**
 * Whether a policy allows a call. It supports only the statements that the project's policies use. Source: IAM user
 * guide, policy evaluation logic; IAM JSON policy elements: Condition operators.
 *
 * @throws Error for anything else in a statement: a Deny, NotAction, or another condition
 */
export function isAllowed(statements: readonly Statement[], { resources, ...call }: AuthorizedCall): boolean {
  for (const statement of statements) refuseUnknown(statement);
  return (
    resources.length > 0 &&
    resources.every((resource) =>
      statements.some(
        ({ Action, Resource, Condition }) =>
          Action.some((pattern) => matches(pattern.toLowerCase(), call.action.toLowerCase())) &&
          Resource.some((pattern) => matches(pattern, resource)) &&
          isMet(Condition, call.leadingKeys),
      ),
    )
  );
}

/** ForAllValues is true when every key of the call matches a pattern. So it is also true for a call without keys. */
function isMet(condition: Statement['Condition'], leadingKeys: readonly string[] = []): boolean {
  const patterns = condition?.[operator]?.[conditionKey];
  return patterns === undefined || leadingKeys.every((key) => patterns.some((pattern) => matches(pattern, key)));
}

function matches(pattern: string, text: string): boolean {
  const escaped = pattern.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(text);
}

const understood: ReadonlySet<string> = new Set(['Effect', 'Action', 'Resource', 'Condition', 'Sid']);

function refuseUnknown(statement: Statement): void {
  const strange = Object.keys(statement).filter((member) => !understood.has(member));
  if (strange.length > 0) throw new Error(`A statement has a member ${strange.join()}.`);
  if (statement.Effect !== 'Allow') throw new Error(`A statement's effect is ${statement.Effect}.`);
  for (const [name, keys] of Object.entries(statement.Condition ?? {})) {
    if (name !== operator || Object.keys(keys).join() !== conditionKey) {
      throw new Error(`A condition is ${name} of ${Object.keys(keys).join()}.`);
    }
  }
}

/** One action on one resource, and one pattern for its items if the statement has patterns. */
export interface Grant {
  readonly statement: Statement;
  /** Such as `dynamodb:GetItem arn:... CONNECTION`. */
  readonly text: string;
}

/** Splits policies into their smallest permissions. */
export function grantsOf(statements: readonly Statement[]): readonly Grant[] {
  return statements.flatMap(({ Effect, Action, Resource, Condition }) =>
    Action.flatMap((action) =>
      Resource.flatMap((resource): Grant[] => {
        const plain = { Effect, Action: [action], Resource: [resource] };
        const patterns = Condition?.[operator]?.[conditionKey];
        if (Condition === undefined || patterns === undefined) {
          const statement = Condition === undefined ? plain : { ...plain, Condition };
          return [{ statement, text: `${action} ${resource}` }];
        }
        return patterns.map((pattern) => ({
          statement: { ...plain, Condition: { [operator]: { [conditionKey]: [pattern] } } },
          text: `${action} ${resource} ${pattern}`,
        }));
      }),
    ),
  );
}

/** The permissions without which all of these calls would still be allowed. */
export function needlessGrants(grants: readonly Grant[], calls: readonly AuthorizedCall[]): readonly Grant[] {
  return grants.filter((grant) => {
    const others = grants.filter((each) => each !== grant).map(({ statement }) => statement);
    return !calls.some((call) => isAllowed([...others, grant.statement], call) && !isAllowed(others, call));
  });
}
