// How the page undoes zlib's compression without waiting for the browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';

import { pageScripts } from './page_scripts.mjs';

const { inflateNow } = pageScripts(['inflate.js'], ['inflateNow']);

// A linear congruential generator: the same bytes in every run.
function* numbers(seed) {
  for (let state = seed; ; state = (Math.imul(state, 1664525) + 1013904223) >>> 0) yield state >>> 8;
}

test('every stream that zlib writes comes back, stored, with fixed codes and with its own', () => {
  const next = numbers(13);
  const any = (most) => next.next().value % (most + 1);
  for (let i = 0; i < 500; ++i) {
    const size = any(i % 10 === 0 ? 70000 : 600);
    const letters = 1 + any(254);
    const bytes = Buffer.from(Array.from({ length: size }, (_, at) =>
      i % 3 === 0 ? (at % 17) * (at % 5) : any(letters)));
    for (const level of [0, 1, 9]) {
      for (const strategy of [zlib.constants.Z_DEFAULT_STRATEGY, zlib.constants.Z_FIXED]) {
        const stream = new Uint8Array(zlib.deflateSync(bytes, { level, strategy }));
        assert.ok(Buffer.from(inflateNow(stream)).equals(bytes));
      }
    }
  }
});

test('a byte that is changed, or missing, is an error', () => {
  const whole = zlib.deflateSync(Buffer.from('F0 F1 F2 B2 B1 B0 '.repeat(40)));
  for (let at = 2; at < whole.length; ++at) {
    const damaged = new Uint8Array(whole);
    damaged[at] ^= 0x55;
    assert.throws(() => inflateNow(damaged));
    assert.throws(() => inflateNow(new Uint8Array(whole.subarray(0, at))));
  }
});
