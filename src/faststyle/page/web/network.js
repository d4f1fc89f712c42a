// The transform network (networks/transform_net.py): its tensors, and one forward pass.

const PAINTED = { norm: "instance", padding: "reflect", upsample: "nearest", output: "sigmoid" };
const PERIOD = 4, SMALLEST = 8;
const WIDEST = 128, MOST_BLOCKS = 32;

// The name and shape of every tensor of a network with these arguments.
function tensorShapes(network) {
  const { width, num_residual_blocks: blocks } = network;
  const whole = (value, low, high) => Number.isInteger(value) && value >= low && value <= high;
  if (!whole(width, 1, WIDEST) || !whole(blocks, 0, MOST_BLOCKS))
    throw new Sentence("its network is larger than this page paints");
  for (const [key, wanted] of Object.entries(PAINTED))
    if (network[key] !== wanted)
      throw new Sentence(`its network is of another kind: ${key} must be ${wanted}`);
  const shapes = [];
  const conv = (name, outputs, inputs, side) =>
    shapes.push([`${name}.weight`, [outputs, inputs, side, side]], [`${name}.bias`, [outputs]]);
  const norm = (name, channels) =>
    shapes.push([`${name}.weight`, [channels]], [`${name}.bias`, [channels]]);
  const block = (name, outputs, inputs, side) => {
    conv(`${name}.0`, outputs, inputs, side);
    norm(`${name}.1`, outputs);
  };
  block("encoder.0", width, 3, 9);
  block("encoder.1", 2 * width, width, 3);
  block("encoder.2", 4 * width, 2 * width, 3);
  for (let i = 0; i < blocks; i++)
    for (const half of [1, 2]) {
      conv(`residual.${i}.conv${half}`, 4 * width, 4 * width, 3);
      norm(`residual.${i}.norm${half}`, 4 * width);
    }
  block("decoder.0", 2 * width, 4 * width, 3);
  block("decoder.1", width, 2 * width, 3);
  conv("decoder.2", 3, width, 9);
  return shapes;
}

// One pass on an engine (cpu.js or gpu.js). `x` is what the engine takes; the result is what its
// last convolution gives. Every engine has conv, norm, settle and add.
async function forward(engine, network, x) {
  for (let i = 0; i < 3; i++) {
    x = await engine.conv(x, `encoder.${i}.0`, { stride: i ? 2 : 1 });
    x = await engine.norm(x, `encoder.${i}.1`, true);
  }
  x = await engine.settle(x);
  for (let i = 0; i < network.num_residual_blocks; i++) {
    let y = await engine.conv(x, `residual.${i}.conv1`, { keep: true });
    y = await engine.norm(y, `residual.${i}.norm1`, true);
    y = await engine.conv(y, `residual.${i}.conv2`, {});
    x = await engine.add(x, await engine.norm(y, `residual.${i}.norm2`, false));
  }
  for (let i = 0; i < 2; i++) {
    x = await engine.conv(x, `decoder.${i}.0`, { up: 2 });
    x = await engine.norm(x, `decoder.${i}.1`, true);
  }
  return engine.conv(x, "decoder.2", { last: true });
}

// Multiply-adds of a pass over one pixel, by which progress is counted.
function workOfLayer(shape, positions) {
  return shape.reduce((product, side) => product * side, positions);
}

// For every row or column of the network's input, which one of the photo it is: a border of up to
// 32 reflected pixels that is cut off again, then the padding to the network's period.
function inputPlaces(side) {
  const border = Math.min(32, Math.floor((side - 1) / PERIOD) * PERIOD);
  const bordered = side + 2 * border;
  const padded = Math.max(SMALLEST, Math.ceil(bordered / PERIOD) * PERIOD);
  const places = new Int32Array(padded);
  for (let i = 0; i < padded; i++) places[i] = reflected(Math.min(i, bordered - 1) - border, side);
  return { border, places };
}

function reflected(place, side) {
  const positive = Math.abs(place);
  return positive < side ? positive : 2 * (side - 1) - positive;
}
