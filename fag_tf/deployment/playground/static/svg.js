// Elements of SVG, and colours of the model's scale.

const SPACE = "http://www.w3.org/2000/svg";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
let scale = ["#440154", "#fde725"];

export function element(name, attributes = {}, ...children) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export const points = (list) => list.map((point) => point.join(" ")).join(" ");

export const path = (rings) => rings.map((ring) => `M${points(ring)}Z`).join("");

export function setColours(colours) {
  scale = colours;
}

// What is sure stands out: dark on light, bright on dark.
export const colours = () => (dark.matches ? scale : [...scale].reverse());

export function colour(share) {
  const list = colours();
  return list[Math.round(Math.min(Math.max(share, 0), 1) * (list.length - 1))];
}

export const onSchemeChange = (then) => dark.addEventListener("change", then);
