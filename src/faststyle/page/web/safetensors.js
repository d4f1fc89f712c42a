// A style checkpoint that the user drops: read and checked, or refused in a sentence.

const MOST_HEADER = 1 << 20, MOST_BYTES = 200e6, NEWEST_FORMAT = 2;

// The style in a .safetensors file (an ArrayBuffer), as `unpackStyle` gives one.
function readStyleFile(buffer, fileName) {
  const { header, start } = readHeader(buffer);
  let metadata;
  try {
    metadata = JSON.parse(header.__metadata__.faststyle);
  } catch {
    throw new Sentence("it was not written by faststyle");
  }
  if (metadata?.format > NEWEST_FORMAT) throw new Sentence("it is of a newer format");
  const network = metadata?.network;
  if (typeof network !== "object" || !network) throw new Sentence("it describes no network");
  const shapes = tensorShapes(network);
  const read = (prefix) =>
    new Map(shapes.map(([name, shape]) => [name, readTensor(buffer, start, header, prefix + name, shape)]));
  const style = read("");
  const hasEnd = Object.keys(header).some((name) => name.startsWith("photo_end."));
  const text = (value) => (typeof value === "string" && value ? value.slice(0, 80) : null);
  const name = fileName.replace(/\.safetensors$/i, "").slice(0, 80);
  return {
    name,
    title: text(metadata.style?.title) ?? name,
    artist: text(metadata.style?.artist),
    network,
    // A file's own hash is not known here: it mixes by weights with styles that began as it did.
    lineage: text(metadata.training?.init_from_sha256),
    style,
    photoEnd: hasEnd ? read("photo_end.") : null,
  };
}

function readHeader(buffer) {
  if (buffer.byteLength < 8 || buffer.byteLength > MOST_BYTES)
    throw new Sentence("it is no .safetensors file of a style");
  const length = new DataView(buffer).getBigUint64(0, true);
  if (length > MOST_HEADER || Number(length) + 8 > buffer.byteLength)
    throw new Sentence("it is no .safetensors file, or it is cut off");
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(buffer, 8, Number(length)));
    const header = JSON.parse(text);
    if (typeof header !== "object" || !header) throw new Error();
    return { header, start: 8 + Number(length) };
  } catch {
    throw new Sentence("its header is damaged");
  }
}

function readTensor(buffer, start, header, name, shape) {
  const entry = Object.hasOwn(header, name) ? header[name] : null;
  if (!entry || !Array.isArray(entry.shape) || entry.shape.join() !== shape.join())
    throw new Sentence(`${name} is missing or has another shape than its network`);
  const width = { F16: 2, F32: 4 }[entry.dtype];
  const count = shape.reduce((product, side) => product * side, 1);
  const [from, to] = Array.isArray(entry.data_offsets) ? entry.data_offsets : [];
  const inside = Number.isInteger(from) && from >= 0 && Number.isInteger(to);
  if (!width || !inside || to - from !== count * width || start + to > buffer.byteLength)
    throw new Sentence(`${name} is damaged, or the file is cut off`);
  const view = new DataView(buffer, start + from, count * width);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    values[i] = width === 4 ? view.getFloat32(4 * i, true) : fromHalf(view.getUint16(2 * i, true));
    if (!Number.isFinite(values[i])) throw new Sentence(`${name} holds what is not a number`);
  }
  return values;
}

// A number of half precision from its 16 bits.
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
