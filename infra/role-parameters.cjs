/* The stage parameters that infra/roles.cjs reads: each from a command line, where all is text, or from `params:`. */

const region = '[a-z]{2}(?:-[a-z]+)+-[0-9]+';
const account = '[0-9]{12}';

/** A pattern, and the words for what it describes. A secret's ARN may end in wildcards for the six letters that AWS adds. */
const queueArn = [new RegExp(`^arn:aws[a-z-]*:sqs:${region}:${account}:[A-Za-z0-9_-]{1,80}$`), 'the ARN of an SQS queue'];
const secretArn = [
  new RegExp(`^arn:aws[a-z-]*:secretsmanager:${region}:${account}:secret:[A-Za-z0-9/_+=.@-]{1,512}(?:\\*|\\?{1,6})?$`),
  'the ARN of a secret',
];
const keyArn = [new RegExp(`^arn:aws[a-z-]*:kms:${region}:${account}:key/[A-Za-z0-9-]{1,64}$`), 'the ARN of a KMS key'];
const anything = [/^\S+$/, 'without blanks'];

/** @throws Error naming the parameter */
function listOf(name, value, [pattern, words] = anything) {
  const texts = Array.isArray(value) ? value : String(value ?? '').split(',');
  return texts
    .map((text) => String(text).trim())
    .filter((text) => text !== '')
    .map((text) => {
      if (!pattern.test(text)) throw new Error(`Parameter ${name}: ${JSON.stringify(text)} is not ${words}.`);
      return text;
    });
}

/** @returns undefined when there is none */
function oneOf(name, value, form) {
  const [first, ...rest] = listOf(name, value, form);
  if (rest.length > 0) throw new Error(`Parameter ${name} takes one value.`);
  return first;
}

module.exports = { listOf, oneOf, queueArn, secretArn, keyArn };
