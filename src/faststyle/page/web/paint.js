// One job: a photo, styles and settings in, the stylized picture out (rendering/stylizer.py).

const KEPT_WEIGHTS = 4; // sets of interpolated weights, those used last

class Painter {
  constructor(engine, pause, mostPixels) {
    Object.assign(this, { engine, pause, mostPixels, weights: new Map(), sizes: new Map() });
  }

  // { picture: the stylized photo, photo: the photo in the same size }.
  async paint(job, styles) {
    const photo = this.inSize(job);
    const main = styles[0], other = job.mix ? styles[1] : null;
    let stylized;
    if (other && !mixByWeights(main, other)) {
      stylized = await this.stylize(photo, job, [main], 0);
      mixPixels(stylized, await this.stylize(photo, job, [other], 0), job.mix.share);
    } else {
      stylized = await this.stylize(photo, job, other ? [main, other] : [main], job.mix?.share ?? 0);
    }
    if (job.keepColor) keepColor(stylized, photo);
    const share = photoShare(job.strength, styles.every((style) => style.photoEnd));
    if (share) mixPixels(stylized, photo, share);
    return { picture: stylized, photo };
  }

  // The photo, scaled down to the wanted length of its longer side.
  inSize({ photo, photoKey, longest }) {
    const longer = Math.max(photo.width, photo.height);
    if (longest >= longer) return photo;
    const key = `${photoKey} ${longest}`;
    if (!this.sizes.has(key)) {
      this.sizes.clear();
      const scaled = (side) => Math.max(1, roundEven((side * longest) / longer));
      this.sizes.set(key, resize(photo, scaled(photo.width), scaled(photo.height)));
    }
    return this.sizes.get(key);
  }

  async stylize(photo, { strength, strokeScale }, styles, share) {
    const { width, height } = photo;
    const scaled = (side) => Math.max(1, roundEven(side / strokeScale));
    const small = strokeScale === 1 ? photo : resize(photo, scaled(width), scaled(height));
    const stylized = await this.onePass(small, strength, styles, share);
    if (strokeScale === 1) return stylized;
    const large = resize(stylized, width, height);
    if (strokeScale > 1) addDetail(large, photo, resize(small, width, height));
    return large;
  }

  async onePass(photo, strength, styles, share) {
    const { width, height } = photo, network = styles[0].network;
    const down = inputPlaces(height), across = inputPlaces(width);
    const rows = down.places.length, columns = across.places.length;
    if (rows * columns > this.mostPixels(network))
      throw new Sentence("The strokes are too fine for a picture of this size here: choose a smaller size");
    const planes = grainyPlanes(photo, GRAIN * strength);
    const wide = new Float32Array(3 * rows * columns);
    for (let c = 0, to = 0; c < 3; c++)
      for (const y of down.places) {
        const from = (c * height + y) * width;
        for (let i = 0; i < columns; i++) wide[to++] = planes[from + across.places[i]];
      }
    const shapes = tensorShapes(network);
    this.engine.prepare(this.weightsOf(styles, strength, share), shapes);
    this.pause.begin(rows * columns, network);
    const output = await forward(this.engine, network, this.engine.input(wide, rows, columns));
    const values = await this.engine.read(output);
    const pixels = new Uint8Array(3 * width * height);
    for (let y = 0, to = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < 3; c++, to++) {
          const value = values[(c * rows + y + down.border) * columns + x + across.border];
          pixels[to] = toLevel(255 / (1 + Math.exp(-value)));
        }
    return { pixels, width, height };
  }

  weightsOf(styles, strength, share) {
    const key = `${styles.map((style) => style.key).join(" ")} ${strength} ${share}`;
    if (!this.weights.has(key)) {
      const [first, second] = styles.map((style) => atStrength(style, strength));
      this.weights.set(key, second ? between(first, second, share) : first);
      if (this.weights.size > KEPT_WEIGHTS) this.weights.delete(this.weights.keys().next().value);
    }
    return this.weights.get(key);
  }
}

// The nearest whole number, of two the even one, as Python rounds.
function roundEven(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 ? below + 1 : below;
}
