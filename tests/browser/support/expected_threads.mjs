// What a trace of a step shows, said by its timeline: threads of slices, in nanoseconds.

const nanoseconds = (ps) => Math.floor((ps + 500) / 1000);

/** `threads`: "1 compute" (of process 1) → [{name, args, start, finish}] in order of time. Messages
    that overlap are on threads of one name, which are one list here. What takes no time is in it
    as a slice without length, or with `instants: false` is not. */
export function expectedThreads(timeline, { instants = true } = {}) {
  const threads = new Map();
  const add = (device, thread, name, { stage, micro_batch, start, finish }) => {
    const key = `${device + 1} ${thread}`;
    const slice = {
      name,
      args: { stage, micro_batch },
      start: nanoseconds(start) + 1,
      finish: nanoseconds(finish) + 1,
    };
    if (!instants && slice.start === slice.finish) return;
    if (!threads.has(key)) threads.set(key, []);
    threads.get(key).push(slice);
  };
  for (const span of timeline.spans) {
    const name = span.micro_batch < 0 ? span.kind : `${span.kind} ${span.micro_batch}`;
    add(span.device, 'compute', name, span);
  }
  for (const transfer of timeline.transfers) {
    if (transfer.start === transfer.finish) continue;
    const name = `${transfer.kind} ${transfer.micro_batch}`;
    add(transfer.from, `send to device ${transfer.to}`, name, transfer);
    add(transfer.to, `receive from device ${transfer.from}`, name, transfer);
  }
  for (const slices of threads.values()) slices.sort(inOrder);
  return threads;
}

/** By start, then by name: total, since a name stands once on a thread at a time. */
export const inOrder = (a, b) => a.start - b.start || (a.name < b.name ? -1 : a.name > b.name);
