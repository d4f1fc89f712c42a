// The page itself: settings, what is shown, and what is said about it.

const $ = (id) => document.getElementById(id);
const root = document.documentElement;
const { styles, sample, paintHere } = JSON.parse($("data").textContent);
// After # in the address: style=NAME, engine=cpu, camera, scene (the picture alone), size=PIXELS.
const wishes = new URLSearchParams(location.hash.slice(1));
const SIZES = [256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096];
const START_SIZE = { gpu: 1024, cpu: 384 }, LIVE_SIZE = { gpu: 512, cpu: 160 };
const known = new Map(styles.map((style) => [style.name, style]));
const camera = new Camera();
let photo = null, style = styles[0].name, ready = null, afterPainting = null, shown = null, note = "";

const workshop = new Workshop($("worker").textContent, (message) => answers[message.kind](message));
const strip = new Strip($("strip"), choose, openFile);

const answers = {
  ready(message) {
    ready = message;
    root.dataset.engine = message.engine;
    const card = message.description ? ` on ${message.description}` : "";
    const precision = message.half ? ", half precision" : "";
    $("engine").textContent = message.engine === "gpu"
      ? `WebGPU${card}${precision}`
      : "Plain JavaScript: this browser offers no WebGPU, so painting is slower";
    offerSizes();
    if (camera.on) live();
    else paint();
  },
  styled({ key, title, artist }) {
    strip.add({ key, title, artist });
    known.set(key, { name: key, title });
    offerMix({ name: key, title });
    choose(key);
    strip.choose(key);
  },
  painting({ share }) {
    $("progress").value = share;
  },
  painted({ pixels, photo: seen, width, height, seconds }) {
    const alpha = width === photo.width && height === photo.height ? photo.alpha : null;
    draw($("photo"), seen, width, height, alpha);
    draw($("painted"), pixels, width, height, alpha);
    $("frame").style.setProperty("--ratio", width / height);
    shown = { width, height };
    root.dataset.state = "painted";
    root.dataset.seconds = seconds;
    for (const id of ["download", "full"]) $(id).disabled = false;
    say(`${known.get(style).title}, ${width} × ${height} pixels, ${seconds.toFixed(seconds < 1 ? 2 : 1)} s.${note && ` ${note}`}`);
    afterPainting?.();
    afterPainting = null;
    if (camera.on) live();
  },
  failed({ message, job }) {
    if (job !== undefined) root.dataset.state = "failed";
    afterPainting = null;
    say(message);
  },
};

function say(text) {
  $("status").textContent = text;
}

function settings() {
  const mix = $("mix").value;
  return {
    style,
    mix: mix && mix !== style ? { style: mix, share: Number($("share").value) } : null,
    strength: Number($("strength").value),
    strokeScale: Number($("stroke").value),
    keepColor: $("keep").checked,
    longest: Number($("size").value),
  };
}

function paint(changes = {}) {
  if (!ready || !photo) return;
  root.dataset.state = "painting";
  $("progress").removeAttribute("value");
  if (!camera.on) say("Painting …");
  workshop.paint({ ...settings(), ...changes });
}

function setPhoto(next) {
  photo = next;
  shown = null;
  workshop.setPhoto(photo);
}

function showPhoto(next) {
  setPhoto(next);
  draw($("photo"), photo.pixels, photo.width, photo.height, photo.alpha);
  $("painted").width = $("painted").width; // empty until it is painted
  $("frame").style.setProperty("--ratio", photo.width / photo.height);
  offerSizes();
  paint();
}

// Sizes up to the photo's own, or to what this device paints.
function offerSizes() {
  if (!ready || !photo) return;
  const longer = Math.max(photo.width, photo.height), pixels = photo.width * photo.height;
  const border = 64; // pixels that are painted and cut off
  const fits = (longest) => {
    const scale = longest / longer;
    return (photo.width * scale + border) * (photo.height * scale + border) <= ready.mostPixels;
  };
  let largest = longer;
  while (largest > 1 && !fits(largest)) largest = Math.floor(largest * 0.99);
  const wish = Number(wishes.get("size"));
  const sizes = wish > 0 && !SIZES.includes(wish) ? [wish, ...SIZES].sort((a, b) => a - b) : SIZES;
  const offered = [...sizes.filter((size) => size < largest), largest];
  const before = Number($("size").value) || wish || START_SIZE[ready.engine];
  const sides = (size) => `${Math.round((photo.width * size) / longer)} × ${Math.round((photo.height * size) / longer)}`;
  $("size").replaceChildren(...offered.map((size) => new Option(sides(size) + (size === longer ? " (full)" : ""), size)));
  const fitting = offered.filter((size) => size <= before);
  $("size").value = fitting.length ? fitting.at(-1) : offered[0];
  note = largest < longer
    ? `The photo has ${(pixels / 1e6).toFixed(1)} megapixels; here it can be painted up to ${sides(largest)}.`
    : "";
}

function offerMix({ name, title }) {
  $("mix").append(new Option(title, name));
}

function choose(key) {
  style = key;
  if (!camera.on) paint();
}

async function openFile(file) {
  try {
    if (/\.safetensors$/i.test(file.name)) {
      if (file.size > 200e6) throw new Error(`${file.name}: it is too large for a style.`);
      const key = known.has(file.name) ? `${file.name} ${known.size}` : file.name;
      return workshop.addFile(key, file.name, await file.arrayBuffer());
    }
    stopCamera();
    showPhoto(await openPhoto(file));
  } catch (error) {
    say(error.message);
  }
}

async function toggleCamera() {
  if (camera.on) {
    const last = camera.frame(Infinity);
    stopCamera();
    if (last) showPhoto(last);
    return;
  }
  try {
    await camera.start();
    $("camera").setAttribute("aria-pressed", "true");
    $("camera").textContent = "Take the picture";
    live();
  } catch (error) {
    say(error.message);
  }
}

function stopCamera() {
  camera.stop();
  $("camera").setAttribute("aria-pressed", "false");
  $("camera").textContent = "Camera";
}

// The newest frame is painted, and after it the next.
function live() {
  if (!ready || !camera.on) return;
  const longest = Number(wishes.get("size")) || LIVE_SIZE[ready.engine];
  const frame = camera.frame(longest);
  if (!frame) return void setTimeout(live, 50);
  setPhoto(frame);
  note = "Live";
  paint({ longest });
}

function save() {
  $("painted").toBlob((blob) => {
    const link = document.createElement("a"), url = URL.createObjectURL(blob);
    Object.assign(link, { href: url, download: `${photo.name}_${style.replace(/\.safetensors$/i, "")}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }, "image/png");
}

function saveFull() {
  stopCamera();
  const largest = $("size").options[$("size").options.length - 1].value;
  if (shown && Number(largest) === Math.max(shown.width, shown.height)) return save();
  $("size").value = largest;
  afterPainting = save;
  paint();
}

// Sends the photo to the server that gave this page; it paints with all of infer's size and speed.
async function paintOnComputer() {
  const wanted = settings(), query = new URLSearchParams({ style, strength: wanted.strength, stroke_scale: wanted.strokeScale });
  if (wanted.keepColor) query.set("keep_color", "luminance");
  workshop.drop();
  root.dataset.state = "painting";
  say("Painting on this computer …");
  const canvas = document.createElement("canvas");
  draw(canvas, photo.pixels, photo.width, photo.height, photo.alpha);
  try {
    const body = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    const began = performance.now();
    const answer = await fetch(`/paint?${query}`, { method: "POST", body });
    if (!answer.ok) throw new Error((await answer.json()).error);
    const painted = await openPhoto(new File([await answer.blob()], "painted.png"));
    answers.painted({ ...painted, photo: photo.pixels, seconds: (performance.now() - began) / 1000 });
  } catch (error) {
    answers.failed({ job: 0, message: error.message });
  }
}

function listen() {
  const percent = (id) => ($(`${id}-shown`).textContent = `${Math.round(100 * $(id).value)}%`);
  const repaint = () => !camera.on && paint();
  for (const id of ["strength", "share"]) $(id).addEventListener("input", () => { percent(id); repaint(); });
  $("stroke").addEventListener("input", () => { $("stroke-shown").textContent = `${$("stroke").value}×`; repaint(); });
  for (const id of ["size", "keep"]) $(id).addEventListener("change", repaint);
  $("mix").addEventListener("change", () => { $("share-label").hidden = !$("mix").value; repaint(); });
  $("file").addEventListener("change", () => { if ($("file").files[0]) openFile($("file").files[0]); $("file").value = ""; });
  $("camera").addEventListener("click", toggleCamera);
  $("download").addEventListener("click", save);
  $("full").addEventListener("click", saveFull);
  $("here").hidden = !paintHere;
  $("here").addEventListener("click", paintOnComputer);
  addEventListener("paste", ({ clipboardData }) => clipboardData?.files[0] && openFile(clipboardData.files[0]));
  addEventListener("dragover", (event) => { event.preventDefault(); $("drop").hidden = false; });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("drop").hidden = true; });
  addEventListener("drop", (event) => {
    event.preventDefault();
    $("drop").hidden = true;
    if (event.dataTransfer.files[0]) openFile(event.dataTransfer.files[0]);
  });
}

async function start() {
  root.classList.toggle("scene", wishes.has("scene"));
  for (const { name, title, artist, thumbnail } of styles) strip.add({ key: name, title, artist, thumbnail });
  for (const known of styles) offerMix(known);
  if (known.has(wishes.get("style"))) style = wishes.get("style");
  strip.choose(style);
  startComparing($("compare"), $("frame"));
  listen();
  workshop.start(styles, wishes.get("engine"));
  const picture = Object.assign(new Image(), { src: sample });
  await picture.decode();
  if (!photo) showPhoto({ ...pixelsOf(picture, picture.naturalWidth, picture.naturalHeight), name: "landscape" });
  if (wishes.has("camera")) toggleCamera();
}

start();
