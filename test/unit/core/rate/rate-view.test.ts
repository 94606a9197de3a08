import { expect, test } from 'vitest';
import { afterGuess, isDoubtful, seen, unknownView } from '../../../../lib/core/rate/view.ts';

const secondUs = 1_000_000;
const bucket = { slotsUntilUs: 0, returnsUntilUs: 0, generation: 1, revision: 1 };

/** A view of a second ago, after these findings, each a second after the one before. */
function viewAfter(findings: readonly boolean[]) {
  let view = unknownView;
  for (const [index, wasBusy] of findings.entries()) {
    const nowUs = (index + 1) * secondUs;
    view = seen(afterGuess(view, nowUs, nowUs, wasBusy), { ...bucket, slotsUntilUs: nowUs + 1000 }, nowUs);
  }
  return { view, nowUs: (findings.length + 1) * secondUs };
}

test.each([
  { findings: [true, true, true, true, true], doubtful: false },
  { findings: [false, false, false, false, false], doubtful: false },
  { findings: [true, true], doubtful: true },
  { findings: [true, false, true, false, true, false], doubtful: true },
  { findings: [...Array.from({ length: 9 }, () => true), false], doubtful: true },
])('after the findings $findings a guess is in doubt: $doubtful', ({ findings, doubtful }) => {
  const { view, nowUs } = viewAfter(findings);
  expect(isDoubtful(view, true, nowUs, nowUs)).toBe(doubtful);
});
