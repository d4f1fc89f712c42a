// The worker that paints. Only the newest job counts: those before it are dropped or broken off.

class Workshop {
  // `tell` gets every message of the worker: ready, styled, painting, painted, failed.
  constructor(source, tell) {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    this.worker = new Worker(url);
    this.job = 0;
    this.worker.onmessage = ({ data }) => {
      if (data.job === undefined || data.job === this.job) tell(data);
    };
    this.worker.onerror = (event) =>
      tell({ kind: "failed", message: `Something went wrong in this page: ${event.message}` });
  }

  start(styles, engine) {
    for (const packed of styles) this.worker.postMessage({ kind: "style", key: packed.name, packed });
    this.worker.postMessage({ kind: "start", engine });
  }

  addFile(key, name, buffer) {
    this.worker.postMessage({ kind: "file", key, name, buffer }, [buffer]);
  }

  // A photo: { pixels: Uint8Array (height, width, 3), width, height }.
  setPhoto({ pixels, width, height }) {
    this.photoKey = (this.photoKey ?? 0) + 1;
    this.worker.postMessage({ kind: "photo", key: this.photoKey, photo: { pixels, width, height } });
  }

  paint(settings) {
    this.job += 1;
    this.worker.postMessage({ kind: "paint", job: this.job, photoKey: this.photoKey, ...settings });
  }

  drop() {
    this.job += 1; // what is under way no longer counts
  }
}
