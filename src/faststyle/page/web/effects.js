// Changes of a stylized picture that also look at its photo (rendering/effects.py); pictures are
// { pixels: Uint8Array (height, width, 3), width, height }, changed in place.

const RED = 0.299, GREEN = 0.587, BLUE = 0.114; // luminance, ITU-R BT.601

function luminanceOfDifference(one, other, i) {
  return (
    RED * (one[i] - other[i]) + GREEN * (one[i + 1] - other[i + 1]) + BLUE * (one[i + 2] - other[i + 2])
  );
}

// The photo's colors at every pixel, with the luminance of the stylized picture.
function keepColor({ pixels }, photo) {
  for (let i = 0; i < pixels.length; i += 3) {
    const gray = luminanceOfDifference(pixels, photo.pixels, i);
    for (let c = i; c < i + 3; c++) pixels[c] = toLevel(photo.pixels[c] + gray);
  }
}

// The photo's fine detail, in gray, for a picture stylized at a lower resolution; `seen` is the
// photo as the network saw it.
function addDetail({ pixels }, photo, seen) {
  for (let i = 0; i < pixels.length; i += 3) {
    const gray = luminanceOfDifference(photo.pixels, seen.pixels, i);
    for (let c = i; c < i + 3; c++) pixels[c] = toLevel(pixels[c] + gray);
  }
}

// A share of another picture's pixels.
function mixPixels({ pixels }, other, share) {
  for (let i = 0; i < pixels.length; i++)
    pixels[i] = toLevel(pixels[i] + share * (other.pixels[i] - pixels[i]));
}

// How much of the photo's own pixels comes in (rendering/strength.py).
function photoShare(strength, hasPhotoEnd) {
  return Math.max(0, 1 - strength) ** (hasPhotoEnd ? 2 : 1);
}

function toLevel(value) {
  return Math.min(255, Math.max(0, Math.round(value)));
}
