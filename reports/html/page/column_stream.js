// From the base64 in the page to the bytes of the columns.

/** Standard base64 to bytes. */
function base64Bytes(text) {
  let binary;
  try {
    binary = atob(text.trim());
  } catch {
    throw new Error('the columns are not base64');
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; ++i) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Undoes zlib's compression. More or fewer bytes than `size` are an error, found at once. */
async function inflate(compressed, size) {
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('deflate'));
  const bytes = new Uint8Array(size);
  let at = 0;
  const reader = stream.getReader();
  for (;;) {
    let part;
    try {
      part = await reader.read();
    } catch {
      throw new Error('the compressed columns are damaged');
    }
    if (part.done) break;
    if (at + part.value.length > size) throw new Error('the columns are longer than stated');
    bytes.set(part.value, at);
    at += part.value.length;
  }
  if (at !== size) throw new Error(`the columns hold ${at} bytes of ${size}`);
  return bytes;
}

/** The elements that hold the runs of this page: [{meta, columns}], in order. */
function runElements() {
  const columns = document.querySelectorAll('script.columns');
  return [...document.querySelectorAll('script.run')].map(
    (script, i) => ({meta: JSON.parse(script.textContent), columns: columns[i]}));
}

/** Decodes one of them. */
async function decodeRun({meta, columns}, kinds) {
  if (!columns) throw new Error('the columns are missing');
  return decodeColumns(await inflate(base64Bytes(columns.textContent), meta.bytes), meta, kinds);
}
