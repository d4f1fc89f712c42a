// Photos: opened from a file, as pixels and back.

const MOST_PHOTO = 100e6; // pixels; a tab has no memory for more

// A photo { pixels, alpha, width, height, name } from an image file, upright and in sRGB.
async function openPhoto(file) {
  const url = URL.createObjectURL(file), image = new Image();
  try {
    image.src = url;
    // Its size is known before it is decoded.
    await new Promise((resolve, reject) => Object.assign(image, { onload: resolve, onerror: reject }));
  } catch {
    throw new Error(`${file.name}: this browser cannot open it as a picture.`);
  } finally {
    URL.revokeObjectURL(url);
  }
  const { naturalWidth: width, naturalHeight: height } = image;
  if (!width || !height) throw new Error(`${file.name}: this picture has no size of its own.`);
  if (width * height > MOST_PHOTO) {
    const size = `${Math.round((width * height) / 1e6)} megapixels`;
    throw new Error(`${file.name} has ${size}, this page opens up to ${MOST_PHOTO / 1e6}: make it smaller first.`);
  }
  return { ...pixelsOf(image, width, height), name: file.name.replace(/\.[^.]*$/, "") || "photo" };
}

// Pixels of an image, a video or a canvas; alpha is null where everything is opaque.
function pixelsOf(source, width, height) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  context.drawImage(source, 0, 0, width, height);
  let data;
  try {
    ({ data } = context.getImageData(0, 0, width, height));
  } catch {
    throw new Error("There is not enough memory for this picture: make it smaller first.");
  }
  const size = width * height, pixels = new Uint8Array(3 * size), alpha = new Uint8Array(size);
  let opaque = true;
  for (let i = 0; i < size; i++) {
    pixels[3 * i] = data[4 * i];
    pixels[3 * i + 1] = data[4 * i + 1];
    pixels[3 * i + 2] = data[4 * i + 2];
    alpha[i] = data[4 * i + 3];
    opaque &&= alpha[i] === 255;
  }
  return { pixels, alpha: opaque ? null : alpha, width, height };
}

// Draws pixels (height, width, 3) on a canvas, which takes their size.
function draw(canvas, pixels, width, height, alpha) {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    image.data[4 * i] = pixels[3 * i];
    image.data[4 * i + 1] = pixels[3 * i + 1];
    image.data[4 * i + 2] = pixels[3 * i + 2];
    image.data[4 * i + 3] = alpha ? alpha[i] : 255;
  }
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.getContext("2d", { willReadFrequently: true }).putImageData(image, 0, 0);
}
