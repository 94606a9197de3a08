/**
 * The patterns of the service models. Each key is the pattern that messages print; its value is the pattern that runs. Some
 * printed patterns backtrack exponentially: `^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$` takes twice as long for each
 * space. Such a pattern has an equivalent here that takes linear time. `undefined` means that the printed pattern already
 * takes linear time.
 */
const equivalents: Readonly<Record<string, string | undefined>> = {
  // Descriptions, names, keys.
  '.*': undefined,
  '[\\.\\-_A-Za-z0-9]+': undefined,
  '[/\\.\\-_A-Za-z0-9]+': undefined,
  '[A-Za-z0-9\\_\\-]+': undefined,
  '[a-zA-Z0-9-_]+': undefined,
  'events:[a-zA-Z]+': undefined,
  '(\\d{12}|\\*)': undefined,
  '^[a-zA-Z0-9_\\-/:]*$': undefined,
  '^(?!\\s*$).+': undefined,
  '[\\S]+': undefined,
  '[^\\x00-\\x1F\\x7F]+': undefined,
  '[^\\x00-\\x09\\x0B\\x0C\\x0E-\\x1F\\x7F]+': undefined,
  "^[!#$%&'*+-.^_`|~0-9a-zA-Z]+$": undefined,
  '^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*$': undefined,
  '^[A-Za-z0-9\\-]+[\\.][A-Za-z0-9\\-]+$': undefined,
  // At least two segments, none of them empty. A repeated group would exhaust the stack with millions of segments.
  'aws\\.partner(/[\\.\\-_A-Za-z0-9]+){2,}': 'aws\\.partner(?=/[^/]+/)(?!.*(?://|/$))/[/.\\-_A-Za-z0-9]+',
  '^[a-zA-Z0-9](-*[a-zA-Z0-9])*$': '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?',

  // Header values: tabs and printable characters, and at least one of them is not a tab.
  '^[ \\t]*[\\x20-\\x7E]+([ \\t]+[\\x20-\\x7E]+)*[ \\t]*$': '(?=\\t*[\\x20-\\x7E])[\\t\\x20-\\x7E]+',
  '^[ \\t]*[^\\x00-\\x1F:\\x7F]+([ \\t]+[^\\x00-\\x1F:\\x7F]+)*[ \\t]*$':
    '(?=\\t*[^\\x00-\\x1F:\\x7F])[^\\x00-\\x08\\x0A-\\x1F:\\x7F]+',

  // Patterns of Lastmile's own service model.
  '^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[-/_+=.@!A-Za-z0-9]+$': undefined,
  '^[A-Za-z0-9._-]+$': undefined,
  '^https?://[^\\s/?#@\\\\]+/?$': undefined,
  '^[^\\s/?#@\\\\]+$': undefined,

  // Endpoints. The optional last character is left out, because the class before it contains the same characters.
  "^((%[0-9A-Fa-f]{2}|[-()_.!~*';/?:@\\x26=+$,A-Za-z0-9])+)([).!';/?:,])?$":
    "(?!$)[-()_.!~*';/?:@&=+$,A-Za-z0-9]*(?:%[0-9A-Fa-f]{2}[-()_.!~*';/?:@&=+$,A-Za-z0-9]*)*",

  // ARNs.
  '^arn:aws([a-z]|\\-)*:events:([a-z]|\\d|\\-)*:([0-9]{12})?:connection\\/[\\.\\-_A-Za-z0-9]+\\/[\\-A-Za-z0-9]+$':
    'arn:aws[a-z-]*:events:[a-z0-9-]*:(?:[0-9]{12})?:connection/[.\\-_A-Za-z0-9]+/[-A-Za-z0-9]+',
  '(arn:aws[\\w-]*:events:[a-z]+-[a-z]+-[\\w-]+:[0-9]{12}:event-bus\\/)?[/\\.\\-_A-Za-z0-9]+': undefined,
  '(arn:aws[\\w-]*:events:[a-z]+-[a-z]+-[\\w-]+:[0-9]{12}:event-bus\\/)?[\\.\\-_A-Za-z0-9]+': undefined,
  '^(?:^arn:[a-z0-9\\-]+:vpc-lattice:[a-zA-Z0-9\\-]+:\\d{12}:resourceconfiguration/rcfg-[0-9a-z]{17}$|^$)': undefined,
  '(^arn:aws([a-z]|\\-)*:secretsmanager:[a-z0-9-.]+:.*)|(\\$(\\.[\\w_-]+(\\[(\\d+|\\*)\\])*)*)':
    'arn:aws[a-z-]*:secretsmanager:[a-z0-9.-]+:.*|\\$(?:\\.[\\w-]+(?:\\[(?:\\d+|\\*)\\])*)*',
};

/** Only a pattern with Unicode classes gets the flag `u`, because others contain escapes that this flag forbids. */
function flagsOf(printed: string): string {
  return printed.includes('\\p{') ? 'u' : '';
}

/**
 * The regular expression that a whole text must match to satisfy a pattern.
 *
 * @throws Error for a pattern without an entry above, because nobody has checked how long such a pattern can take
 */
export function matcherOf(printed: string): RegExp {
  if (!Object.hasOwn(equivalents, printed)) throw new Error(`Pattern without an entry in the table: ${printed}`);
  return new RegExp(`^(?:${equivalents[printed] ?? printed})$`, flagsOf(printed));
}

/**
 * The printed pattern, which must match the whole text. It may take exponential time, so tests use it for comparison on short
 * texts only.
 */
export function printedMatcherOf(printed: string): RegExp {
  return new RegExp(`^(?:${printed})$`, flagsOf(printed));
}
