// The network's layers in WGSL. Activations are (channels, height, width), `Value`s in a buffer;
// sums are 32-bit. A norm is applied where its result is read: `affine` has a scale and a shift for
// each channel.

const TILE = 8; // invocations a side of a workgroup; each sums FOUR pixels of four output channels
const FOUR = 4;
const SUMMERS = 256; // invocations that share one channel's statistics

const header = (half) => `${half ? "enable f16;" : ""}
alias Value = ${half ? "f16" : "f32"};
struct Shape { inputs: u32, outputs: u32, height: u32, width: u32, outHeight: u32, outWidth: u32 };
fn reflected(place: i32, side: i32) -> i32 {
  let positive = abs(place);
  return max(0, min(positive, 2 * (side - 1) - positive));
}`;

// A convolution (side x side) with a reflected border, after nearest upsampling by `up`.
// `first`: the source is the photo, in 32 bits; `last`: the target has 32 bits.
function convKernel({ side, stride, up, relu, first, last, half }) {
  const span = side + stride * (FOUR - 1), margin = (side - 1) / 2;
  const each = (count, line) => Array.from({ length: count }, (_, i) => line(i)).join("\n");
  const value = relu ? "max(0.0, scale.x * f32(source[place]) + scale.y)" : "scale.x * f32(source[place]) + scale.y";
  return `${header(half)}
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> source: array<${first ? "f32" : "Value"}>;
@group(0) @binding(2) var<storage, read> affine: array<vec2f>;
@group(0) @binding(3) var<storage, read> kernels: array<vec4<Value>>;
@group(0) @binding(4) var<storage, read> bias: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> output: array<${last ? "f32" : "Value"}>;

@compute @workgroup_size(${TILE}, ${TILE})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let left = id.x * ${FOUR}u;
  if (left >= shape.outWidth || id.y >= shape.outHeight) { return; }
  let height = i32(shape.height * ${up}u);
  let width = i32(shape.width * ${up}u);
  ${each(span, (i) => `let column${i} = u32(reflected(i32(left * ${stride}u) + ${i - margin}, width)) / ${up}u;`)}
  ${each(FOUR, (p) => `var sum${p} = bias[id.z];`)}
  var k = id.z * shape.inputs * ${side * side}u;
  for (var c = 0u; c < shape.inputs; c++) {
    let scale = affine[c];
    for (var i = 0; i < ${side}; i++) {
      let y = u32(reflected(i32(id.y * ${stride}u) + i - ${margin}, height)) / ${up}u;
      let row = (c * shape.height + y) * shape.width;
      ${each(span, (i) => `let value${i} = ${value.replace("place", `row + column${i}`)};`)}
      ${each(side, (j) => `{
        let weight = vec4f(kernels[k + ${j}u]);
        ${each(FOUR, (p) => `sum${p} += weight * value${j + stride * p};`)}
      }`)}
      k += ${side}u;
    }
  }
  let plane = shape.outHeight * shape.outWidth;
  let start = id.y * shape.outWidth + left;
  ${each(FOUR, (p) => `if (left + ${p}u < shape.outWidth) {
    for (var d = 0u; d < 4u && id.z * 4u + d < shape.outputs; d++) {
      output[(id.z * 4u + d) * plane + start + ${p}u] = ${last ? "f32" : "Value"}(sum${p}[d]);
    }
  }`)}
}`;
}

// Scale and shift of an instance norm, from a channel's mean and variance; a workgroup a channel.
const normKernel = ({ half }) => `${header(half)}
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> source: array<Value>;
@group(0) @binding(2) var<storage, read> gain: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> affine: array<vec2f>;
var<workgroup> shares: array<f32, ${SUMMERS}>;

fn total(own: f32, i: u32) -> f32 {
  shares[i] = own;
  workgroupBarrier();
  for (var half = ${SUMMERS / 2}u; half > 0u; half /= 2u) {
    if (i < half) { shares[i] += shares[i + half]; }
    workgroupBarrier();
  }
  let sum = shares[0];
  workgroupBarrier();
  return sum;
}

@compute @workgroup_size(${SUMMERS})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  let size = shape.height * shape.width;
  let start = group.x * size;
  var sum = 0.0;
  for (var i = local.x; i < size; i += ${SUMMERS}u) { sum += f32(source[start + i]); }
  let mean = total(sum, local.x) / f32(size);
  var squares = 0.0;
  for (var i = local.x; i < size; i += ${SUMMERS}u) {
    let difference = f32(source[start + i]) - mean;
    squares += difference * difference;
  }
  let variance = total(squares, local.x) / f32(size);
  if (local.x == 0u) {
    let scale = gain[group.x] * inverseSqrt(variance + 1e-5);
    affine[group.x] = vec2f(scale, bias[group.x] - mean * scale);
  }
}`;

// kept = relu(norm(kept)) or kept + norm(added), in place.
const pointKernel = ({ half, add }) => `${header(half)}
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> affine: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> kept: array<Value>;
${add ? "@group(0) @binding(3) var<storage, read> added: array<Value>;" : ""}

@compute @workgroup_size(${SUMMERS})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let size = shape.height * shape.width;
  if (id.x >= size) { return; }
  let place = id.y * size + id.x;
  let scale = affine[id.y];
  ${add
    ? "kept[place] += Value(scale.x * f32(added[place]) + scale.y);"
    : "kept[place] = Value(max(0.0, scale.x * f32(kept[place]) + scale.y));"}
}`;
