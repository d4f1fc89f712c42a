// The edge between photo and painting, moved by mouse, finger or arrow keys.

function startComparing(input, frame) {
  const show = () => frame.style.setProperty("--edge", `${input.value}%`);
  input.addEventListener("input", show);
  show();
}
