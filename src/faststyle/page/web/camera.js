// The camera: on or off, and its newest frame.

class Camera {
  constructor() {
    this.video = document.createElement("video");
    Object.assign(this.video, { muted: true, playsInline: true });
    this.stream = null;
  }

  get on() {
    return Boolean(this.stream);
  }

  async start() {
    if (!navigator.mediaDevices?.getUserMedia)
      throw new Error("This browser gives pages like this one no camera.");
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" }, audio: false });
      this.video.srcObject = this.stream;
      await this.video.play();
    } catch (error) {
      this.stop();
      const refused = error.name === "NotAllowedError";
      throw new Error(refused ? "The camera was not allowed: allow it in the browser’s settings for this page." : "No camera was found, or another program has it.");
    }
  }

  // The newest frame as a photo, its longer side at most `longest` pixels; null before the first.
  frame(longest) {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width) return null;
    const scale = Math.min(1, longest / Math.max(width, height));
    const sides = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
    return { ...pixelsOf(this.video, ...sides), name: "camera" };
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = this.video.srcObject = null;
  }
}
