// The strip of styles: a radio button each, so that arrow keys work, and a tile for one's own.

class Strip {
  constructor(element, onChoice, onFile) {
    Object.assign(this, { element, onChoice });
    const own = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "file", accept: ".safetensors", id: "own" });
    input.addEventListener("change", () => {
      if (input.files[0]) onFile(input.files[0]);
      input.value = "";
    });
    own.append(input, blank("+"), caption("Your own", "a .safetensors file"));
    element.append(own);
    this.end = own;
  }

  add({ key, title, artist, thumbnail }) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "style", value: key });
    input.addEventListener("change", () => this.onChoice(key));
    const picture = thumbnail ? Object.assign(new Image(), { src: thumbnail, alt: "" }) : blank("✶");
    label.append(input, picture, caption(title, artist ?? ""));
    this.end.before(label);
  }

  choose(key) {
    for (const input of this.element.querySelectorAll("[name=style]")) {
      input.checked = input.value === key;
      if (input.checked)
        this.element.scrollLeft = Math.max(0, input.parentElement.offsetLeft - this.element.offsetLeft - 140);
    }
  }
}

function blank(text) {
  return Object.assign(document.createElement("span"), { className: "blank", textContent: text });
}

function caption(title, below) {
  const text = document.createElement("span");
  for (const [kind, words] of [["b", title], ["i", below]])
    text.append(Object.assign(document.createElement(kind), { textContent: words, title: words }));
  return text;
}
