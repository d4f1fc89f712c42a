// The network's layers in plain JavaScript. Activations are { data: Float32Array (channels,
// height, width), channels, height, width }.

const EPSILON = 1e-5; // of instance norm
const PATIENCE = 40; // milliseconds of work between two looks at what else has come

class CpuEngine {
  constructor(pause) {
    this.pause = pause; // awaited now and then; throws Cancelled
    this.packed = new WeakMap();
  }

  prepare(weights, shapes) {
    this.weights = weights;
    this.shapes = new Map(shapes);
  }

  input(planes, height, width) {
    return { data: planes.map((value) => value - 0.5), channels: 3, height, width };
  }

  async conv(x, name, { stride = 1, up = 1 }) {
    const [outputs, inputs, side] = this.shapes.get(`${name}.weight`);
    const padded = reflectPadded(x, (side - 1) / 2, up);
    const height = (x.height * up) / stride, width = (x.width * up) / stride;
    const data = new Float32Array(outputs * height * width);
    const bias = this.weights.get(`${name}.bias`);
    const weight = this.weights.get(`${name}.weight`);
    if (!this.packed.has(weight)) this.packed.set(weight, inFours(weight, outputs));
    const job = {
      source: padded.data, rows: padded.height, columns: padded.width, inputs, side, stride,
      kernels: this.packed.get(weight), bias, data, outputs, height, width,
    };
    let since = performance.now();
    for (let block = 0; block * 4 < outputs; block++)
      for (let y = 0; y < height; y++) {
        convRow(job, block, y);
        if (performance.now() - since > PATIENCE) {
          await this.pause((block + y / height) / Math.ceil(outputs / 4), workOfLayer([outputs, inputs, side, side], height * width));
          since = performance.now();
        }
      }
    await this.pause(1, workOfLayer([outputs, inputs, side, side], height * width));
    return { data, channels: outputs, height, width };
  }

  async norm(x, name, relu) {
    const gain = this.weights.get(`${name}.weight`), bias = this.weights.get(`${name}.bias`);
    const size = x.height * x.width;
    for (let c = 0; c < x.channels; c++) {
      const plane = x.data.subarray(c * size, (c + 1) * size);
      let sum = 0, squares = 0;
      for (let i = 0; i < size; i++) sum += plane[i];
      const mean = sum / size;
      for (let i = 0; i < size; i++) squares += (plane[i] - mean) ** 2;
      const scale = gain[c] / Math.sqrt(squares / size + EPSILON), shift = bias[c] - mean * scale;
      for (let i = 0; i < size; i++) {
        const value = plane[i] * scale + shift;
        plane[i] = relu && value < 0 ? 0 : value;
      }
    }
    return x;
  }

  settle(x) {
    return x;
  }

  add(x, y) {
    for (let i = 0; i < x.data.length; i++) x.data[i] += y.data[i];
    return x;
  }

  read(x) {
    return x.data;
  }
}

// Kernels (D, C, K, K) as (D / 4, C, K, K, 4), zeros at the end: four outputs are summed at a time.
function inFours(kernels, outputs) {
  const each = kernels.length / outputs;
  const packed = new Float32Array(Math.ceil(outputs / 4) * 4 * each);
  for (let d = 0; d < outputs; d++)
    for (let i = 0; i < each; i++) packed[((d >> 2) * each + i) * 4 + (d & 3)] = kernels[d * each + i];
  return packed;
}

// Nearest upsampling, then a reflected margin on every side.
function reflectPadded(x, margin, up) {
  const height = x.height * up + 2 * margin, width = x.width * up + 2 * margin;
  const places = (side, count) =>
    Int32Array.from({ length: count }, (_, i) => Math.floor(reflected(i - margin, side * up) / up));
  const rows = places(x.height, height), columns = places(x.width, width);
  const data = new Float32Array(x.channels * height * width);
  for (let c = 0, to = 0; c < x.channels; c++)
    for (let y = 0; y < height; y++) {
      const from = (c * x.height + rows[y]) * x.width;
      for (let i = 0; i < width; i++) data[to++] = x.data[from + columns[i]];
    }
  return { data, height, width };
}

// One row of four output channels, two pixels at a time: sums stay in registers. Math.fround keeps
// the arithmetic in 32 bits, which needs no conversions.
function convRow(job, block, y) {
  const { source, rows, columns, inputs, side, stride, kernels, bias, data, outputs, height, width } = job;
  const first = block * 4, f = Math.fround;
  const count = Math.min(4, outputs - first), plane = height * width;
  const to = first * plane + y * width;
  const b0 = f(bias[first]), b1 = f(bias[first + 1] || 0), b2 = f(bias[first + 2] || 0), b3 = f(bias[first + 3] || 0);
  for (let x = 0; x < width; x += 2) {
    const second = x + 1 < width ? stride : 0;
    let p0 = b0, p1 = b1, p2 = b2, p3 = b3, q0 = b0, q1 = b1, q2 = b2, q3 = b3;
    let k = block * inputs * side * side * 4;
    for (let c = 0; c < inputs; c++) {
      let row = (c * rows + y * stride) * columns + x * stride;
      for (let i = 0; i < side; i++, row += columns)
        for (let j = row; j < row + side; j++, k += 4) {
          const w0 = kernels[k], w1 = kernels[k + 1], w2 = kernels[k + 2], w3 = kernels[k + 3];
          const p = source[j], q = source[j + second];
          p0 = f(p0 + f(p * w0));
          p1 = f(p1 + f(p * w1));
          p2 = f(p2 + f(p * w2));
          p3 = f(p3 + f(p * w3));
          q0 = f(q0 + f(q * w0));
          q1 = f(q1 + f(q * w1));
          q2 = f(q2 + f(q * w2));
          q3 = f(q3 + f(q * w3));
        }
    }
    const at = to + x;
    data[at] = p0;
    if (count > 1) data[at + plane] = p1;
    if (count > 2) data[at + 2 * plane] = p2;
    if (count > 3) data[at + 3 * plane] = p3;
    if (!second) continue;
    data[at + 1] = q0;
    if (count > 1) data[at + plane + 1] = q1;
    if (count > 2) data[at + 2 * plane + 1] = q2;
    if (count > 3) data[at + 3 * plane + 1] = q3;
  }
}
