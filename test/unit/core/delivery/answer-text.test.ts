import { describe, expect, test } from 'vitest';
import { answerLine, keptAnswer } from '../../../../lib/core/delivery/answer-text.ts';

describe('the answer that is kept', () => {
  test('an answer of up to 2,048 bytes is kept whole', () => {
    for (const text of ['', 'x', 'x'.repeat(2048), 'ü'.repeat(1024), '😀'.repeat(512)]) {
      expect(keptAnswer(text)).toBe(text);
    }
  });

  test.each([
    ['one byte', 'x', 2048],
    ['two bytes', 'ü', 1024],
    ['three bytes', '€', 682],
    ['four bytes', '😀', 512],
  ])(
    'an answer of characters of %s is cut after the last one that fits into 2,048 bytes',
    (_size, character, count) => {
      expect(keptAnswer(character.repeat(4000))).toBe(character.repeat(count));
    },
  );

  test('an answer is never cut inside a character, and a half character becomes a replacement character', () => {
    expect(keptAnswer(`${'x'.repeat(2047)}😀`)).toBe('x'.repeat(2047));
    expect(keptAnswer('a\uD800b')).toBe('a\uFFFDb');
  });
});

describe('an answer on one line', () => {
  test.each([
    ['a line', 'No such order.', 'No such order.'],
    ['nothing but spaces', ' \n\t ', ''],
    ['JSON on several lines', '{\r\n  "error": "no such order"\n}\n', '{ "error": "no such order" }'],
    ['other line ends', 'a\u2028b\u2029c\vd\fe', 'a b c d e'],
    ['escape sequences of a terminal', '\u001B[2Jx\u009b31m', '\\u{1b}[2Jx\\u{9b}31m'],
    ['characters that change the direction of a text', 'a\u202eb', 'a\\u{202e}b'],
    ['a zero byte and a deletion', '\0\u007f', '\\u{0}\\u{7f}'],
    ['half a character', 'a\ud83d', 'a\\u{d83d}'],
    ['letters of any script', 'pas trouvé, 見つかりません 😀', 'pas trouvé, 見つかりません 😀'],
  ])('an answer that holds %s is shown on one line of printable characters', (_what, answer, line) => {
    expect(answerLine(answer)).toBe(line);
  });

  test('a long answer is cut after 200 characters, and never inside one', () => {
    expect(answerLine('😀'.repeat(200))).toBe('😀'.repeat(200));
    expect(answerLine('😀'.repeat(201))).toBe(`${'😀'.repeat(200)}...`);
  });
});
