/*
 * Prints the CloudFormation template of a stage as JSON. `lastmile/cdk` runs it, because a construct needs the template at once, and
 * serverless.yml is read asynchronously.
 *
 *   node infra/template/print-template.cjs '{"stage": "prod", "parameters": {"maximumConcurrency": 20}}'
 *
 * The member `Code` of a function has the function's name as its S3Key, for the caller to replace.
 */
const { stackTemplate } = require('./stack.cjs');

const codeOf = (name) => ({ S3Bucket: 'placeholder', S3Key: name });

stackTemplate({ ...JSON.parse(process.argv[2]), codeOf }).then(
  (template) => process.stdout.write(JSON.stringify(template)),
  (/** @type {unknown} */ error) => {
    process.stderr.write(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
