/*
 * What the linter's own rules cannot say: `new Date()` and `Date()` read the clock, `new Date(ms)` does not.
 */
const readsClock = (node) => node.callee.type === 'Identifier' && node.callee.name === 'Date';

const noCurrentTime = {
  create(context) {
    const refuse = (node) => context.report({ node, message: 'Take the time as an argument, or from the Clock port.' });
    return {
      NewExpression(node) {
        if (readsClock(node) && node.arguments.length === 0) refuse(node);
      },
      CallExpression(node) {
        if (readsClock(node)) refuse(node);
      },
    };
  },
};

export default { meta: { name: 'lastmile' }, rules: { 'no-current-time': noCurrentTime } };
