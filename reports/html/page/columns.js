// The columns of a run: what every device did, and when. reports/html/columns.hpp writes them.

/** Reads variable-length numbers off bytes. Reading past their end is an error. */
class ColumnReader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
    this.lost = 0;  // what the double of the last number from 2^53 on is short of it
  }

  byte() {
    if (this.at >= this.bytes.length) throw new Error('the columns end too soon');
    return this.bytes[this.at++];
  }

  /** LEB128. Beyond 2^53 the nearest double; `lost` is the rest. */
  varint() {
    const first = this.byte();
    return first < 128 ? first : this.rest(first & 127, 128);
  }

  /** (n << 1) ^ (n >> 63). The sign is in the first byte; a double of the whole would lose it. */
  zigzag() {
    const first = this.byte();
    const sign = first & 1;
    const half = ((first & 127) >> 1) + sign;
    const size = first < 128 ? half : this.rest(half, 64);
    if (sign) this.lost = -this.lost;
    return sign ? -size : size;
  }

  rest(low, scale) {
    let value = low;
    let high = 0;  // What counts 2^42 and more, so that both sums are exact.
    for (let weight = scale; ; weight *= 128) {
      if (weight > 2 ** 63) throw new Error('a number in the columns is too long');
      const byte = this.byte();
      if (weight < 2 ** 42) value += (byte & 127) * weight;
      else high += (byte & 127) * weight;
      if (byte < 128) break;
    }
    const sum = high + value;
    this.lost = high - sum + value;
    return sum;
  }

  /** A number that must be below `limit`. */
  index(limit, what) {
    const value = this.varint();
    if (!(value < limit)) throw new Error(`the columns name ${what} ${value} of ${limit}`);
    return value;
  }
}

/**
 * Whole numbers: the nearest doubles as `values`, and what these are short of them as `lost`, which
 * is null while they are below 2^53.
 */
class Wholes {
  constructor(count) {
    this.values = new Float64Array(count);
    this.lost = null;
  }

  set(i, value, lost) {
    this.values[i] = value;
    if (Math.abs(value) >= 2 ** 53) this.setLost(i, lost);
  }

  setSum(i, sum) {
    const value = this.values[i] = sum.value();
    if (Math.abs(value) >= 2 ** 53) this.setLost(i, sum.lost());
  }

  setLost(i, lost) {
    this.lost ??= new Int16Array(this.values.length);
    this.lost[i] = lost;
  }

  lostAt(i) {
    return this.lost === null ? 0 : this.lost[i];
  }

  exact(i) {
    return BigInt(this.values[i]) + BigInt(this.lostAt(i));
  }
}

/** A sum of whole numbers, exact far beyond 2^53: the nearest double, and what that is short. */
class WholeSum {
  high = 0;
  low = 0;

  add(whole, lost) {
    if (Math.abs(whole) < 2 ** 52) {
      this.low += whole;
    } else {
      const most = Math.trunc(whole / 2 ** 40) * 2 ** 40;
      this.high += most;
      this.low += whole - most + lost;
    }
    if (Math.abs(this.low) < 2 ** 40) return;
    const carry = Math.trunc(this.low / 2 ** 40) * 2 ** 40;
    this.high += carry;
    this.low -= carry;
  }

  value() {
    return this.high + this.low;
  }

  lost() {
    return this.high - this.value() + this.low;
  }
}

function readDifferences(reader, count) {
  const values = new Int32Array(count);
  for (let i = 0, value = 0; i < count; ++i) values[i] = value += reader.zigzag();
  return values;
}

function readTimes(reader, lane) {
  const gaps = new Wholes(lane.count);
  for (let i = 0; i < lane.count; ++i) gaps.set(i, reader.zigzag(), reader.lost);
  const now = new WholeSum();
  for (let i = 0; i < lane.count; ++i) {
    now.add(gaps.values[i], gaps.lostAt(i));
    lane.starts.setSum(i, now);
    const duration = reader.varint();
    now.add(duration, duration < 2 ** 53 ? 0 : reader.lost);
    lane.finishes.setSum(i, now);
  }
}

/** Of the ops that need one of another device: which, and the message between the two. */
function readNeeds(reader, lane, devices, routes) {
  const op = new Int32Array(lane.count);
  const device = new Int32Array(lane.count);
  let count = 0;
  for (let i = 0; i < lane.count; ++i) {
    const sender = reader.index(devices + 1, 'device') - 1;
    lane.need[i] = sender < 0 ? -1 : count;
    op[count] = i;
    device[count] = sender;
    if (sender >= 0) ++count;
  }
  const messages = lane.messages = {
    count,
    op: op.subarray(0, count),
    device: device.subarray(0, count),
    slot: new Int32Array(count),
    waits: new Wholes(count),
    durations: new Wholes(count),
    route: new Int32Array(count),
  };
  messages.wait = messages.waits.values;
  messages.duration = messages.durations.values;
  for (let i = 0, slot = 0; i < count; ++i) messages.slot[i] = slot += reader.zigzag();
  for (let i = 0; i < count; ++i) messages.waits.set(i, reader.zigzag(), reader.lost);
  for (let i = 0; i < count; ++i) messages.durations.set(i, reader.varint(), reader.lost);
  for (let i = 0; i < count; ++i) messages.route[i] = reader.index(routes + 1, 'route');
}

function readLane(reader, device, meta) {
  const count = reader.index(meta.spans + 1, 'an op');
  const lane = {
    device,
    count,
    flags: new Uint8Array(count),  // kind | copy << 4 | overlapped with the next << 5
    starts: new Wholes(count),
    finishes: new Wholes(count),
    need: new Int32Array(count),  // index into messages; -1: none
  };
  lane.start = lane.starts.values;
  lane.finish = lane.finishes.values;
  for (let i = 0; i < count; ++i) lane.flags[i] = reader.byte();
  lane.stage = readDifferences(reader, count);
  lane.microBatch = readDifferences(reader, count);
  readTimes(reader, lane);
  lane.pattern = new Int32Array(count);
  for (let i = 0; i < count; ++i) lane.pattern[i] = reader.varint();
  readNeeds(reader, lane, meta.devices, meta.routes.length);
  lane.held = reader.varint();
  lane.severalStages = lane.stage.some((stage) => stage !== lane.stage[0]);
  return lane;
}

/** What ops do to memory: patterns[i].uses = [{tag, atStart, atFinish}, …], bytes added. */
function readPatterns(reader, tags) {
  const patterns = [];
  for (let left = reader.index(2 ** 31, 'pattern'); left > 0; --left) {
    const uses = [];
    for (let more = reader.index(2 ** 16, 'use'); more > 0; --more) {
      const tag = reader.index(tags, 'tag');
      uses.push({tag, atStart: reader.zigzag(), atFinish: reader.zigzag()});
    }
    patterns.push({uses});
  }
  return patterns;
}

/** Every number that stands for another thing names one that is there. */
function checkReferences(lanes, patterns, kinds) {
  for (const lane of lanes) {
    const messages = lane.messages;
    for (let i = 0; i < messages.count; ++i) {
      if (!(messages.slot[i] >= 0 && messages.slot[i] < lanes[messages.device[i]].count)) {
        throw new Error(`an op of device ${lane.device} needs one that is not there`);
      }
    }
    const wrong = lane.held >= patterns.length ||
      lane.pattern.some((pattern) => !(pattern >= 0 && pattern < patterns.length)) ||
      lane.flags.some((flags) => (flags & 15) >= kinds);
    if (wrong) throw new Error(`an op of device ${lane.device} has a kind or pattern unknown`);
  }
}

/** Of every op the first of another device that needs it: feedsDevice[slot] (-1: none), feedsOp. */
function addConsumers(lanes) {
  for (const lane of lanes) {
    lane.feedsDevice = new Int32Array(lane.count).fill(-1);
    lane.feedsOp = new Int32Array(lane.count);
  }
  for (const {device, messages} of lanes) {
    for (let i = 0; i < messages.count; ++i) {
      const sender = lanes[messages.device[i]];
      if (sender.feedsDevice[messages.slot[i]] >= 0) continue;
      sender.feedsDevice[messages.slot[i]] = device;
      sender.feedsOp[messages.slot[i]] = messages.op[i];
    }
  }
}

/** The run that these bytes are the columns of: {meta, lanes, patterns}. `kinds`: how many. */
function decodeColumns(bytes, meta, kinds) {
  const reader = new ColumnReader(bytes);
  const lanes = [];
  for (let device = 0; device < meta.devices; ++device) lanes.push(readLane(reader, device, meta));
  const patterns = readPatterns(reader, meta.tags.length);
  if (reader.at !== bytes.length) throw new Error('the columns go on after their end');
  const spans = lanes.reduce((sum, lane) => sum + lane.count, 0);
  if (spans !== meta.spans) throw new Error(`the columns hold ${spans} ops of ${meta.spans}`);
  checkReferences(lanes, patterns, kinds);
  addConsumers(lanes);
  return {meta, lanes, patterns};
}
