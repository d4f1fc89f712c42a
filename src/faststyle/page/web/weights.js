// Weights of a style: unpacked from the page (page/styles.py packs them), and those in between.

// A style of the page with its weights: Maps of names to Float32Arrays.
async function unpackStyle(packed) {
  const bytes = await inflate(fromBase64(packed.weights));
  const counts = { numbers: 0, levels: 0 };
  const sets = packed.hasPhotoEnd ? 2 : 1;
  const size = (shape) => shape.reduce((product, side) => product * side, 1);
  for (const [, shape] of packed.tensors) {
    counts.numbers += sets * shape[0];
    if (shape.length > 1) counts.levels += size(shape);
  }
  let start = 0;
  const take = (count, width, Kind) => {
    const interleaved = new Uint8Array(count * width);
    for (let plane = 0; plane < width; plane++)
      for (let i = 0; i < count; i++) interleaved[i * width + plane] = bytes[start++];
    return new Kind(interleaved.buffer);
  };
  const numbers = take(counts.numbers, 4, Float32Array);
  const levels = take(counts.levels, 2, Int16Array);
  const differences = packed.hasPhotoEnd ? take(counts.levels, 1, Int8Array) : null;
  const style = new Map(), photoEnd = packed.hasPhotoEnd ? new Map() : null;
  let number = 0, level = 0;
  for (const [name, shape] of packed.tensors) {
    const own = numbers.subarray(number, (number += shape[0]));
    const end = photoEnd && numbers.subarray(number, (number += shape[0]));
    if (shape.length === 1) {
      style.set(name, own);
      photoEnd?.set(name, end);
      continue;
    }
    const count = size(shape), each = count / shape[0];
    const kernels = new Float32Array(count), endKernels = photoEnd && new Float32Array(count);
    for (let i = 0; i < count; i++, level++) {
      const channel = Math.floor(i / each);
      kernels[i] = levels[level] * own[channel];
      if (photoEnd) endKernels[i] = kernels[i] + differences[level] * end[channel];
    }
    style.set(name, kernels);
    photoEnd?.set(name, endKernels);
  }
  return { ...describeStyle(packed), style, photoEnd };
}

function describeStyle({ name, network, lineage }) {
  return { name, network, lineage };
}

// Weights on the straight line from `from` (share 0) to `to` (share 1).
function between(from, to, share) {
  const result = new Map();
  for (const [name, end] of to) {
    const start = from.get(name);
    result.set(name, end.map((value, i) => start[i] + share * (value - start[i])));
  }
  return result;
}

// The weights of a style at a strength (rendering/strength.py); without a photo end all are alike.
function atStrength(style, strength) {
  if (!style.photoEnd || strength === 1) return style.style;
  return strength === 0 ? style.photoEnd : between(style.photoEnd, style.style, strength);
}

// Whether networks between two styles work: both began as the same network.
function mixByWeights(one, other) {
  return (
    Boolean(one.lineage) &&
    one.lineage === other.lineage &&
    one.network.width === other.network.width &&
    one.network.num_residual_blocks === other.network.num_residual_blocks
  );
}

function fromBase64(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
