// The network's layers on a GPU, by WebGPU. Activations are { buffer, channels, height, width,
// affine, relu }; a norm stays pending in `affine` until someone reads.

class GpuEngine {
  // An engine, or null where this browser has no WebGPU or no GPU behind it. One that a program
  // stands in for is slower than plain JavaScript, and taken only if `software` is wanted.
  static async start(software) {
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter || (isSoftware(adapter) && !software)) return null;
    const half = adapter.features.has("shader-f16");
    const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
    const device = await adapter.requestDevice({
      requiredFeatures: half ? ["shader-f16"] : [],
      requiredLimits: { maxStorageBufferBindingSize, maxBufferSize },
    });
    return new GpuEngine(device, half, adapter.info?.description || adapter.info?.architecture || "");
  }

  constructor(device, half, description) {
    Object.assign(this, { device, half, description });
    this.bytes = half ? 2 : 4; // of an activation
    this.pipelines = new Map();
    this.uploads = new WeakMap(); // weights on the GPU
    this.free = new Map(); // buffers by size, for the next layers
    device.lost.then(() => (this.lost = true));
  }

  // The most pixels of a picture, with its border, that fit into one buffer.
  mostPixels(network) {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.device.limits;
    const values = Math.min(maxStorageBufferBindingSize, maxBufferSize) / 4;
    return Math.floor(values / Math.max(3, (network.width * this.bytes) / 4));
  }

  prepare(weights, shapes) {
    this.weights = weights;
    this.shapes = new Map(shapes);
    if (!this.uploads.has(weights)) this.uploads.set(weights, new Map());
    this.uploaded = this.uploads.get(weights);
    this.centered = this.upload("center", () => Float32Array.from([1, -0.5, 1, -0.5, 1, -0.5]));
    const widest = Math.max(...shapes.map(([, shape]) => shape[0]));
    this.plain = this.upload("plain", () => Float32Array.from({ length: 2 * widest }, (_, i) => 1 - (i % 2)));
  }

  input(planes, height, width) {
    if (this.inputSize !== planes.length) this.clear(); // buffers of another size would only stay
    this.inputSize = planes.length;
    const buffer = this.take(planes.byteLength);
    this.device.queue.writeBuffer(buffer, 0, planes);
    return { buffer, channels: 3, height, width, affine: this.centered, first: true };
  }

  conv(x, name, { stride = 1, up = 1, keep = false, last = false }) {
    const [outputs, inputs, side] = this.shapes.get(`${name}.weight`);
    const height = (x.height * up) / stride, width = (x.width * up) / stride;
    const kernels = this.upload(`${name}.weight`, (kernels) => {
      const packed = inFours(kernels, outputs);
      return this.half ? halves(packed) : packed;
    });
    const bias = this.upload(`${name}.bias`, (bias) => {
      const padded = new Float32Array(Math.ceil(outputs / 4) * 4);
      padded.set(bias);
      return padded;
    });
    const y = { buffer: this.take(outputs * height * width * (last ? 4 : this.bytes)), channels: outputs, height, width };
    const kind = { side, stride, up, relu: Boolean(x.relu), first: Boolean(x.first), last, half: this.half };
    this.dispatch(
      `conv ${JSON.stringify(kind)}`, () => convKernel(kind),
      [inputs, outputs, x.height, x.width, height, width],
      [x.buffer, x.affine ?? this.plain, kernels, bias, y.buffer],
      [Math.ceil(width / FOUR / TILE), Math.ceil(height / TILE), Math.ceil(outputs / 4)],
    );
    if (!keep) this.give(x.buffer);
    return y;
  }

  norm(x, name, relu) {
    const affine = this.take(8 * x.channels);
    const gain = this.upload(`${name}.weight`, (gain) => gain), bias = this.upload(`${name}.bias`, (bias) => bias);
    this.dispatch(
      "norm", () => normKernel({ half: this.half }),
      [x.channels, x.channels, x.height, x.width, x.height, x.width],
      [x.buffer, gain, bias, affine], [x.channels, 1, 1],
    );
    return { ...x, affine, relu };
  }

  settle(x) {
    this.pointwise("relu", false, x, [x.affine, x.buffer]);
    return { ...x, affine: undefined, relu: false };
  }

  add(x, y) {
    this.pointwise("add", true, x, [y.affine, x.buffer, y.buffer]);
    this.give(y.buffer);
    return x;
  }

  pointwise(name, add, x, buffers) {
    this.dispatch(
      name, () => pointKernel({ half: this.half, add }),
      [x.channels, x.channels, x.height, x.width, x.height, x.width],
      buffers, [Math.ceil((x.height * x.width) / SUMMERS), x.channels, 1],
    );
  }

  // The values of the last convolution, as a Float32Array.
  async read(x) {
    const size = x.channels * x.height * x.width * 4;
    const staging = this.device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(x.buffer, 0, staging, 0, size);
    this.device.queue.submit([encoder.finish()]);
    this.give(x.buffer);
    try {
      await staging.mapAsync(GPUMapMode.READ);
      return new Float32Array(staging.getMappedRange().slice(0));
    } finally {
      staging.destroy();
    }
  }

  dispatch(key, source, shape, buffers, groups) {
    if (!this.pipelines.has(key)) {
      const module = this.device.createShaderModule({ code: source() });
      const compute = { module, entryPoint: "main" };
      this.pipelines.set(key, this.device.createComputePipeline({ layout: "auto", compute }));
    }
    const pipeline = this.pipelines.get(key);
    const uniform = this.device.createBuffer({ size: 32, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
    this.device.queue.writeBuffer(uniform, 0, Uint32Array.from(shape));
    const entries = [uniform, ...buffers].map((buffer, binding) => ({ binding, resource: { buffer } }));
    const group = this.device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...groups);
    pass.end();
    this.device.queue.submit([encoder.finish()]);
  }

  // A tensor of the weights on the GPU, once; `make` gives its bytes.
  upload(name, make) {
    if (!this.uploaded.has(name)) {
      const values = make(this.weights.get(name));
      const size = Math.ceil(values.byteLength / 4) * 4;
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
      const buffer = this.device.createBuffer({ size, usage });
      this.device.queue.writeBuffer(buffer, 0, values);
      this.uploaded.set(name, buffer);
    }
    return this.uploaded.get(name);
  }

  take(bytes) {
    const size = Math.ceil(bytes / 16) * 16;
    const waiting = this.free.get(size);
    if (waiting?.length) return waiting.pop();
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    return this.device.createBuffer({ size, usage });
  }

  give(buffer) {
    if (!this.free.has(buffer.size)) this.free.set(buffer.size, []);
    this.free.get(buffer.size).push(buffer);
  }

  clear() {
    for (const buffers of this.free.values()) for (const buffer of buffers) buffer.destroy();
    this.free.clear();
  }
}

function isSoftware({ info }) {
  return Boolean(info?.isFallbackAdapter) || info?.architecture === "swiftshader";
}

// Numbers at half precision, rounded to nearest, as 16 bits each.
function halves(values) {
  const bits = new Uint16Array(values.length), view = new DataView(new ArrayBuffer(4));
  for (let i = 0; i < values.length; i++) {
    view.setFloat32(0, values[i]);
    const whole = view.getUint32(0), sign = (whole >>> 16) & 0x8000, size = Math.abs(values[i]);
    if (size >= 65504) bits[i] = sign | 0x7bff;
    else if (size < 2 ** -14) bits[i] = sign | Math.round(size * 2 ** 24);
    else bits[i] = sign | (((whole & 0x7fffffff) - 0x38000000 + 0x1000) >>> 13);
  }
  return bits;
}
