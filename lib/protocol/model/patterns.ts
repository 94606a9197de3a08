/**
 * The patterns of the service models: what messages print, and beside it what runs. Some printed ones backtrack
 * exponentially (`^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$` doubles its time with each space), so each has an
 * equivalent here that takes time in proportion to the text; `undefined` means that the printed one does already.
 */
const equivalents: Readonly<Record<string, string | undefined>> = {
  // Descriptions, names, keys.
  '.*': undefined,
  '[\\.\\-_A-Za-z0-9]+': undefined,
  '[/\\.\\-_A-Za-z0-9]+': undefined,
  '[A-Za-z0-9\\_\\-]+': undefined,
  '^[a-zA-Z0-9_\\-/:]*$': undefined,
  '^(?!\\s*$).+': undefined,
  '[\\S]+': undefined,
  '[^\\x00-\\x1F\\x7F]+': undefined,
  '[^\\x00-\\x09\\x0B\\x0C\\x0E-\\x1F\\x7F]+': undefined,
  "^[!#$%&'*+-.^_`|~0-9a-zA-Z]+$": undefined,
  '^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*$': undefined,
  '^[A-Za-z0-9\\-]+[\\.][A-Za-z0-9\\-]+$': undefined,
  // A name of millions of segments exhausts the stack of a repeated group: no empty segment, at least two.
  'aws\\.partner(/[\\.\\-_A-Za-z0-9]+){2,}': 'aws\\.partner(?=/[^/]+/)(?!.*(?://|/$))/[/.\\-_A-Za-z0-9]+',
  '^[a-zA-Z0-9](-*[a-zA-Z0-9])*$': '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?',

  // Header values: tabs and printable characters, at least one of them not a tab.
  '^[ \\t]*[\\x20-\\x7E]+([ \\t]+[\\x20-\\x7E]+)*[ \\t]*$': '(?=\\t*[\\x20-\\x7E])[\\t\\x20-\\x7E]+',
  '^[ \\t]*[^\\x00-\\x1F:\\x7F]+([ \\t]+[^\\x00-\\x1F:\\x7F]+)*[ \\t]*$':
    '(?=\\t*[^\\x00-\\x1F:\\x7F])[^\\x00-\\x08\\x0A-\\x1F:\\x7F]+',

  // Of Lastmile's own model.
  '^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[-/_+=.@!A-Za-z0-9]+$': undefined,
  '^[A-Za-z0-9._-]+$': undefined,
  '^https?://[^\\s/?#@\\\\]+/?$': undefined,
  '^[^\\s/?#@\\\\]+$': undefined,

  // Endpoints: the optional last character belongs to the class before it.
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

/** Only a pattern with Unicode classes gets a flag: others hold escapes that the flag forbids. */
function flagsOf(printed: string): string {
  return printed.includes('\\p{') ? 'u' : '';
}

/**
 * What decides whether a text satisfies a pattern, as a whole.
 *
 * @throws Error for a pattern that has no entry above: nobody has looked at what it costs
 */
export function matcherOf(printed: string): RegExp {
  if (!Object.hasOwn(equivalents, printed)) throw new Error(`Pattern without an entry in the table: ${printed}`);
  return new RegExp(`^(?:${equivalents[printed] ?? printed})$`, flagsOf(printed));
}

/** The pattern as printed, full match: for comparing on short texts only, since it may take exponential time. */
export function printedMatcherOf(printed: string): RegExp {
  return new RegExp(`^(?:${printed})$`, flagsOf(printed));
}
