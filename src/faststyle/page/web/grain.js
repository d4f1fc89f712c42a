// A little noise in flat areas, so that strokes begin there too: as rendering/grain.py adds it.

const GRAIN = 4, FLAT = 1.5, BUSY = 2.5, BLOCK = 8, SEED_ROWS = 16;

// Planes (3, height, width) in [0, 1] of a picture, with noise of `grain` levels where it is flat.
function grainyPlanes(picture, grain) {
  const { pixels, width, height } = picture, size = width * height;
  const planes = new Float32Array(3 * size);
  for (let i = 0; i < size; i++)
    for (let c = 0; c < 3; c++) planes[c * size + i] = pixels[3 * i + c] / 255;
  if (!grain) return planes;
  const flat = flatness(pixels, width, height);
  const seed = seedOf(picture), deviation = Math.sqrt((4 * (256 ** 2 - 1)) / 12);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const strength = flat.at(y, x);
      if (!strength) continue;
      const noise = ((strength * grain) / 255) * ((randomSum(seed, y, x) - 510) / deviation);
      for (let c = 0; c < 3; c++) planes[c * size + i] += noise;
    }
  return planes;
}

// How flat a picture is around each pixel: by blocks, and bilinear between their centers.
function flatness(pixels, width, height) {
  const down = Math.ceil(height / BLOCK), across = Math.ceil(width / BLOCK);
  const gray = new Float32Array(width * height);
  for (let i = 0; i < gray.length; i++)
    gray[i] = (pixels[3 * i] + pixels[3 * i + 1] + pixels[3 * i + 2]) / 3;
  const at = (y, x) =>
    gray[Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1)];
  const square = (y, x) =>
    (4 * at(y, x) - at(y, x - 1) - at(y, x + 1) - at(y - 1, x) - at(y + 1, x)) ** 2;
  const blocks = new Float32Array(down * across);
  for (let by = 0; by < down; by++)
    for (let bx = 0; bx < across; bx++) {
      let sum = 0;
      for (let y = by * BLOCK; y < (by + 1) * BLOCK; y++)
        for (let x = bx * BLOCK; x < (bx + 1) * BLOCK; x++)
          sum += square(Math.min(y, height - 1), Math.min(x, width - 1));
      const rms = Math.sqrt(sum / BLOCK ** 2);
      blocks[by * across + bx] = Math.min(1, Math.max(0, (BUSY - rms) / (BUSY - FLAT)));
    }
  const between = (place, count) => {
    const source = Math.max(0, (place + 0.5) / BLOCK - 0.5), low = Math.floor(source);
    return [low, Math.min(low + 1, count - 1), source - low];
  };
  const columns = Array.from({ length: width }, (_, x) => between(x, across));
  return {
    at(y, x) {
      const [top, bottom, dy] = between(y, down), [left, right, dx] = columns[x];
      const upper = blocks[top * across + left] * (1 - dx) + blocks[top * across + right] * dx;
      const lower = blocks[bottom * across + left] * (1 - dx) + blocks[bottom * across + right] * dx;
      return upper * (1 - dy) + lower * dy;
    },
  };
}

// The sum of four random bytes for a place: "lowbias32" (Wellons 2018).
function randomSum(seed, row, column) {
  let x = Math.imul(row, 0x9e3779b1) ^ Math.imul(column, 0x85ebca77) ^ seed;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  x ^= x >>> 16;
  return (x & 255) + ((x >>> 8) & 255) + ((x >>> 16) & 255) + (x >>> 24);
}

function seedOf({ pixels, width, height }) {
  let seed = crc32(new TextEncoder().encode(`${width} ${height}`), 0);
  for (let row = 0; row < height; row += Math.max(1, Math.floor(height / SEED_ROWS)))
    seed = crc32(pixels.subarray(3 * row * width, 3 * (row + 1) * width), seed);
  return seed;
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
  return byte;
});

function crc32(bytes, before) {
  let crc = ~before;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc;
}
