// Numbers as the command line prints them.

const timeUnits = [[1e12, 's'], [1e9, 'ms'], [1e6, 'µs'], [1e3, 'ns'], [1, 'ps']];
const byteUnits =
  [[2 ** 40, 'TiB'], [2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB'], [1, 'B']];
const countUnits = [[1e12, 'T'], [1e9, 'B'], [1e6, 'M'], [1e3, 'k']];
const ratePrefixes = [[1e15, 'P'], [1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']];

/** Four significant digits, without zeros at the end of a fraction. */
function significant(value) {
  const size = Math.abs(value);
  const digits = size === 0 ? 1 : 1 + Math.floor(Math.log10(size));
  const text = value.toFixed(Math.min(100, Math.max(0, 4 - Math.max(digits, -8))));
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** In the largest unit of which it is at least one, as it is written: 999.96 ns is 1 µs. */
function scaled(value, units) {
  const [scale, name] =
    units.find((unit) => Math.abs(value) >= 0.99995 * unit[0]) ?? units[units.length - 1];
  return `${significant(value / scale)} ${name}`;
}

/** Seconds of a summary in whole ps. */
const psOf = (seconds) => Math.round(seconds * 1e12);

const readableTime = (ps) => scaled(ps, timeUnits);
const readableSeconds = (seconds) => scaled(seconds * 1e12, timeUnits);
const readableBytes = (bytes) => scaled(bytes, byteUnits);
/** "1 op", "1,024 ops". */
const counted = (n, one, many = `${one}s`) =>
  `${String(n).replace(/\B(?=(\d{3})+$)/g, ',')} ${n === 1 ? one : many}`;
const percent = (fraction) => `${(100 * fraction).toFixed(2)} %`;
const readableCount = (count) => count < 1e3 ? significant(count) : scaled(count, countUnits);
const readableRate = (rate) => rate < 1e4 ? significant(rate) : scaled(rate, ratePrefixes);

/** The scale and the name of the unit in which times of this size read best. */
function timeUnit(ps) {
  const [scale, name] = timeUnits.find((unit) => ps >= unit[0]) ?? timeUnits[4];
  return {scale, name};
}

/** A double as a whole number, with zeros for the digits beyond 2^53 that it can't hold. */
function knownDigits(number) {
  const whole = BigInt(Math.round(number));
  if (number < 2 ** 53) return whole;
  const step = BigInt(10 ** Math.ceil(Math.log10(number / 2 ** 52)));
  return (whole + step / 2n) / step * step;
}

/**
 * A whole number of ps, a BigInt or a double, to the last digit that is known, in the unit of its
 * size: "1.000000001 ms".
 */
function exactTime(ps) {
  const size = typeof ps === 'bigint' ? (ps < 0n ? -ps : ps) : knownDigits(Math.abs(ps));
  const {scale, name} = timeUnit(size);
  const places = Math.round(Math.log10(scale));
  const digits = String(size).padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const fraction = digits.slice(digits.length - places).replace(/0+$/, '');
  return `${ps < 0 ? '−' : ''}${whole}${fraction ? '.' + fraction : ''} ${name}`;
}
