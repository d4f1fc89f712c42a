// The worker: it has the engine, so that the page never freezes. Messages in: start, style, file,
// photo, paint. Messages out: ready, styled, painting, painted, failed.

const MOST = { gpu: 8e6, cpu: 1.5e6 }; // pixels: of memory on a GPU, of patience on a CPU
const styles = new Map(), photos = new Map();
let painter, newest = 0, waiting = Promise.resolve();

// Called between pieces of work on the CPU: shows progress, and stops a job that is out of date.
function makePause() {
  let job = 0, total = 1, done = 0;
  const pause = async (share, work) => {
    postMessage({ kind: "painting", job, share: Math.min(1, (done + share * work) / total) });
    if (share === 1) done += work;
    await new Promise((resolve) => setTimeout(resolve));
    if (job !== newest) throw new Cancelled();
  };
  pause.forJob = (number) => (job = number);
  pause.begin = (pixels, network) => {
    const scale = { "encoder.1": 4, "encoder.2": 16, residual: 16, "decoder.0": 4 };
    done = 0;
    total = 0;
    for (const [name, shape] of tensorShapes(network))
      if (shape.length > 1) {
        const key = Object.keys(scale).find((start) => name.startsWith(start));
        total += workOfLayer(shape, pixels / (scale[key] ?? 1));
      }
  };
  return pause;
}

async function start(wanted) {
  let engine = null, why = "";
  if (wanted !== "cpu")
    try {
      engine = await GpuEngine.start(wanted === "gpu");
    } catch (error) {
      why = error.message;
    }
  const kind = engine ? "gpu" : "cpu";
  const pause = makePause();
  engine ??= new CpuEngine(pause);
  const most = (network) => Math.min(MOST[kind], engine.mostPixels?.(network) ?? Infinity);
  painter = new Painter(engine, pause, most);
  const width = Math.max(...[...styles.values()].map((style) => style.network.width));
  postMessage({ kind: "ready", engine: kind, half: Boolean(engine.half), description: engine.description ?? "", why, mostPixels: most({ width }) });
}

async function paint(job) {
  painter.pause.forJob(job.job);
  const { engine } = painter;
  if (engine.lost) await start("any");
  const began = performance.now();
  const chosen = [job.style, ...(job.mix ? [job.mix.style] : [])].map((key) => styles.get(key));
  for (const style of chosen) await style.loaded;
  const { device } = painter.engine;
  device?.pushErrorScope("out-of-memory");
  device?.pushErrorScope("validation");
  let result, failure;
  try {
    result = await painter.paint({ ...job, photo: photos.get(job.photoKey) }, chosen);
  } catch (error) {
    failure = error;
  }
  const wrong = device && [await device.popErrorScope(), await device.popErrorScope()];
  if (failure instanceof Cancelled || failure instanceof Sentence) throw failure;
  if (engine.lost || wrong?.[1])
    throw new Sentence("The graphics card ran out of memory: choose a smaller size");
  if (failure || wrong?.[0]) throw failure ?? new Error(wrong[0].message);
  const { picture, photo } = result;
  postMessage({ kind: "painted", job: job.job, width: picture.width, height: picture.height, pixels: picture.pixels, photo: photo.pixels, seconds: (performance.now() - began) / 1000 });
}

function addStyle(key, packed) {
  const style = { ...describeStyle(packed), key, photoEnd: packed.hasPhotoEnd };
  // Unpacked when it is first painted with: a tenth of a second each.
  let loaded;
  Object.defineProperty(style, "loaded", {
    get: () => (loaded ??= unpackStyle(packed).then((unpacked) => Object.assign(style, unpacked))),
  });
  styles.set(key, style);
}

function addFile(key, { buffer, name }) {
  try {
    const style = readStyleFile(buffer, name);
    styles.set(key, { ...style, key });
    postMessage({ kind: "styled", key, title: style.title, artist: style.artist });
  } catch (error) {
    if (!(error instanceof Sentence)) throw error;
    postMessage({ kind: "failed", message: `${name}: ${error.message}.` });
  }
}

async function handle(message) {
  if (message.kind === "start") return start(message.engine);
  if (message.kind === "style") return addStyle(message.key, message.packed);
  if (message.kind === "file") return addFile(message.key, message);
  if (message.kind === "photo") {
    photos.clear();
    photos.set(message.key, message.photo);
    return;
  }
  if (message.job !== newest) return; // a newer one waits
  try {
    await paint(message);
  } catch (error) {
    if (error instanceof Cancelled) return;
    const sentence = error instanceof Sentence ? `${error.message}.` : `Something went wrong in this page: ${error.message}`;
    postMessage({ kind: "failed", job: message.job, message: sentence });
  }
}

onmessage = ({ data }) => {
  if (data.kind === "paint") newest = data.job;
  waiting = waiting.then(() => handle(data));
};
