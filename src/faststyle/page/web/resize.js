// Lanczos resizing of RGB pictures, level for level as Pillow does it (and so `infer`).

const SUPPORT = 3, BITS = 22; // the filter's reach; bits of a weight after the point

// A picture { pixels: Uint8Array (height, width, 3), width, height } in another size.
function resize(picture, width, height) {
  const wide = width === picture.width ? picture : resizeRows(picture, width);
  if (height === picture.height) return wide;
  return turned(resizeRows(turned(wide), height));
}

function resizeRows({ pixels, width, height }, wanted) {
  const taps = lanczosTaps(width, wanted);
  const out = new Uint8Array(wanted * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < wanted; x++) {
      const { first, weights } = taps[x];
      let r = 1 << (BITS - 1), g = r, b = r;
      let from = 3 * (y * width + first);
      for (let i = 0; i < weights.length; i++, from += 3) {
        const weight = weights[i];
        r += pixels[from] * weight;
        g += pixels[from + 1] * weight;
        b += pixels[from + 2] * weight;
      }
      const to = 3 * (y * wanted + x);
      out[to] = clipped(r >> BITS);
      out[to + 1] = clipped(g >> BITS);
      out[to + 2] = clipped(b >> BITS);
    }
  return { pixels: out, width: wanted, height };
}

function clipped(level) {
  return level < 0 ? 0 : level > 255 ? 255 : level;
}

function lanczosTaps(side, wanted) {
  const scale = side / wanted, stretch = Math.max(scale, 1), reach = SUPPORT * stretch;
  return Array.from({ length: wanted }, (_, place) => {
    const center = (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - reach + 0.5));
    const last = Math.min(side, Math.trunc(center + reach + 0.5));
    const weights = [];
    for (let i = first; i < last; i++) weights.push(lanczos((i - center + 0.5) / stretch));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const fixed = weights.map((weight) => {
      const exact = (weight / total) * 2 ** BITS;
      return Math.trunc(exact < 0 ? exact - 0.5 : exact + 0.5);
    });
    return { first, weights: Int32Array.from(fixed) };
  });
}

function lanczos(x) {
  return x >= -SUPPORT && x < SUPPORT ? sinc(x) * sinc(x / SUPPORT) : 0;
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

// Rows become columns.
function turned({ pixels, width, height }) {
  const out = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = 3 * (y * width + x), to = 3 * (x * height + y);
      out[to] = pixels[from];
      out[to + 1] = pixels[from + 1];
      out[to + 2] = pixels[from + 2];
    }
  return { pixels: out, width: height, height: width };
}
